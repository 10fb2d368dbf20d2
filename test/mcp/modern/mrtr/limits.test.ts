import { describe, expect, test } from 'vitest';
import { callModern } from '../../../support/modern.ts';
import { component, listen } from '../../../support/serving.ts';
import { ACCEPTED, type Attempt, again, attempt } from './asking.ts';
import { asked, question } from './played.ts';

const ARGS = { message: 'Who are you?' };

describe('a guest that asks', () => {
  test('64 requests at once gets them all to its client, and one more ends the call', async () => {
    const { call, stream } = await asked();
    const first = call();
    const { say, seen } = await stream;
    say(...Array.from({ length: 64 }, (_, n) => question(`q${n}`)));
    const { inputRequests, requestState } = (await first).json.result;
    expect(Object.keys(inputRequests)).toHaveLength(64);
    const second = call({ inputResponses: { q0: ACCEPTED }, requestState });
    say(question('one'), question('more'));
    expect((await second).json.error).toMatchObject({
      code: -32603,
      message: expect.stringContaining('more than 64 requests at once'),
    });
    await expect.poll(() => seen.gone).toBe(true);
  });

  test('more than 64 at its first opportunity ends the call as well', async () => {
    const { call, stream } = await asked();
    const first = call();
    (await stream).say(...Array.from({ length: 65 }, (_, n) => question(n)));
    expect((await first).json.error.message).toContain('more than 64 requests at once');
  });

  test('a mebibyte of requests ends the call', async () => {
    const { call, stream } = await asked();
    const first = call();
    const long = { method: 'elicitation/create', params: { message: 'x'.repeat(600_000) } };
    (await stream).say(question(1, long), question(2, long));
    expect((await first).json.error).toMatchObject({
      code: -32603,
      message: expect.stringContaining('1048576 bytes'),
    });
  });
});

test('of calls that wait for their clients, the one that has waited longest is ended to make room for another', async () => {
  const { guest, call } = await asked();
  const waiting = Array.from({ length: 1001 }, () => call());
  await expect
    .poll(() => guest.seen.filter(({ message }) => message.method === 'tools/call'))
    .toHaveLength(1001);
  const calls = guest.seen.filter(({ message }) => message.method === 'tools/call');
  for (const { target } of calls)
    target.chunk(Buffer.from(`data: ${JSON.stringify(question('a'))}\n\n`), () => {});
  const states = (await Promise.all(waiting)).map(({ json }) => json.result.requestState);
  await expect.poll(() => calls.filter(({ gone }) => gone)).toHaveLength(1);
  const results = states.map((requestState) => call({ requestState }));
  const reasons = (await Promise.all(results)).map(({ json }) => json.error?.data.reason);
  expect(reasons.filter((reason) => reason === 'gone')).toHaveLength(1);
});

describe('guests whose clients are away', () => {
  test('are ended when others need their places, the one that has waited longest first', async () => {
    const options = { mcp: 'guide', workers: 1, liveLimit: 4, timeout: 60_000 } as const;
    const { url, logged } = await listen('notes-draft', options);
    const retries: Attempt[] = [];
    for (let n = 0; n < 4; n++) {
      retries.push(again(await attempt(url, 'test_elicitation', { args: ARGS }), { args: ARGS }));
    }
    // All places are taken, and this call needs some of them.
    expect((await callModern(url, 'counter')).body.result.content[0].text).toBe('1');
    expect(await logged(/others needed its place/)).toContain('its client was away');
    const { body } = await attempt(url, 'test_elicitation', retries[3]);
    expect(body.result.content[0].text).toContain('User response');
    expect((await attempt(url, 'test_elicitation', retries[0])).body.error.data).toEqual({ reason: 'gone' });
  });

  test('keep their places from the moment their clients are back', async () => {
    const options = { mcp: 'guide', workers: 1, liveLimit: 2, timeout: 60_000 } as const;
    const { url } = await listen('notes-draft', options);
    const rounds = 'test_input_required_result_multi_round';
    const first = again(await attempt(url, rounds));
    const second = again(await attempt(url, rounds, first));
    const calls = Array.from({ length: 6 }, () => callModern(url, 'counter'));
    const last = attempt(url, rounds, second);
    for (const { status } of await Promise.all(calls)) expect(status).toBe(200);
    const { body } = await last;
    // Either it was first to come back, or it was ended before.
    expect(body.result?.content[0].text ?? body.error.data.reason).toMatch(/^(Ada likes blue|gone)$/);
  });

  test('do not delay the end of the server', async () => {
    const { url, server } = await listen('notes-draft', { mcp: 'guide' });
    await attempt(url, 'test_elicitation', { args: ARGS });
    const start = performance.now();
    await server.close(60_000);
    expect(performance.now() - start).toBeLessThan(15_000);
  });

  test('end when the component is replaced', async () => {
    const { url, server } = await listen('notes-draft', { mcp: 'guide' });
    const retry = again(await attempt(url, 'test_elicitation', { args: ARGS }), { args: ARGS });
    await server.reload(await component('notes-draft'), 60_000);
    expect((await attempt(url, 'test_elicitation', retry)).body.error.data).toEqual({ reason: 'gone' });
  });
});

test('in a session, later calls wait for the one that asks', async () => {
  const { url } = await listen('notes-draft', { mcp: 'guide' });
  const { body } = await attempt(url, 'create_session');
  const { session_id } = body.result.structuredContent;
  const args = { ...ARGS, session_id };
  const retry = again(await attempt(url, 'test_elicitation', { args }), { args });
  const counted = callModern(url, 'counter', { session_id });
  expect((await attempt(url, 'test_elicitation', retry)).body.result.content[0].text).toContain('Ada');
  expect((await counted).body.result.content[0].text).toBe('1');
});
