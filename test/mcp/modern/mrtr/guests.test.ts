import { describe, expect, test } from 'vitest';
import { WasmcpError } from '../../../../src/index.ts';
import { CAPABILITIES } from '../../../support/modern.ts';
import { replyResult } from '../../edge/guest.ts';
import { send } from '../edge-of.ts';
import { ACCEPTED } from './asking.ts';
import { asked, DONE, ELICIT, question } from './played.ts';

describe('a guest', () => {
  test('that responds before its client does has its response delivered', async () => {
    const { call, stream } = await asked();
    const first = call();
    const { say, end } = await stream;
    say(question('a'));
    const { requestState } = (await first).json.result;
    say({ jsonrpc: '2.0', id: 1, result: DONE });
    end();
    expect((await call({ inputResponses: { a: ACCEPTED }, requestState })).json).toMatchObject({
      id: 2,
      result: { resultType: 'complete', ...DONE },
    });
  });

  test.each([
    ['fails', (fail: (error: WasmcpError) => void) => fail(new WasmcpError('guest-trapped', 'unreachable'))],
    ['ends without a response', (_: unknown, end: () => void) => end()],
    [
      'responds with too much',
      (_: unknown, __: unknown, say: (message: object) => void) =>
        say({ jsonrpc: '2.0', id: 1, result: { content: 'x'.repeat(65_536) } }),
    ],
  ])('that %s while its client is away has gone', async (_, happen) => {
    const { call, stream } = await asked();
    const first = call();
    const { say, end, seen } = await stream;
    say(question('a'));
    const { requestState } = (await first).json.result;
    happen((error) => seen.target.fail(error), end, say);
    expect((await call({ inputResponses: { a: ACCEPTED }, requestState })).json.error).toMatchObject({
      code: -32602,
      data: { reason: 'gone' },
    });
  });

  test('that does not take the response ends the call', async () => {
    const { call, stream } = await asked(60_000, 400);
    const first = call();
    const { say, seen } = await stream;
    say(question('a'));
    const { requestState } = (await first).json.result;
    const { json } = await call({ inputResponses: { a: ACCEPTED }, requestState });
    expect(json.error).toMatchObject({ code: -32603, message: expect.stringContaining('400') });
    expect(seen.gone).toBe(true);
  });

  test.each([
    ['elicitation', { roots: {} }, ELICIT, { elicitation: {} }],
    [
      'a page',
      { elicitation: { form: {} } },
      { ...ELICIT, params: { mode: 'url' } },
      { elicitation: { url: {} } },
    ],
    ['a form', { elicitation: { url: {} } }, ELICIT, { elicitation: { form: {} } }],
    [
      'tools',
      { sampling: {} },
      { method: 'sampling/createMessage', params: { tools: [] } },
      { sampling: { tools: {} } },
    ],
  ])(
    'that asks a client that cannot be asked for %s ends the call',
    async (_, declared, request, required) => {
      const { call, stream } = await asked();
      const first = call({}, { meta: { [CAPABILITIES]: declared } });
      const { say, seen } = await stream;
      say(question(1, request));
      expect(await first).toMatchObject({
        status: 400,
        json: { error: { code: -32021, data: { requiredCapabilities: required } } },
      });
      await expect.poll(() => seen.gone).toBe(true);
    },
  );

  test.each([
    ['something unknown', 'tools/call', { method: 'sampling/other' }],
    ['a ping', 'tools/call', { method: 'ping' }],
    ['before a list', 'tools/list', ELICIT],
  ])('that asks %s ends the call', async (_, method, request) => {
    const { call, stream } = await asked();
    const first = call({}, { method });
    (await stream).say(question(1, request));
    expect((await first).json.error).toMatchObject({ code: -32603 });
  });

  test('that asks its client, which is back, for something unknown is stopped', async () => {
    const { call, stream, responses } = await asked();
    const first = call();
    const { say, seen } = await stream;
    say(question('a'));
    const { requestState } = (await first).json.result;
    const second = call({ inputResponses: { a: ACCEPTED }, requestState });
    await expect.poll(responses).toHaveLength(1);
    say(question('b', { method: 'sampling/other' }));
    expect((await second).json.error).toMatchObject({ code: -32603 });
    await expect.poll(() => seen.gone).toBe(true);
  });

  test('is left by the client that continues the call', async () => {
    const { call, stream, edge } = await asked();
    const first = call();
    const { say, seen } = await stream;
    say(question('a'));
    const { requestState } = (await first).json.result;
    const params = { name: 'ask', arguments: { a: 1 }, inputResponses: { a: ACCEPTED }, requestState };
    const retry = send(edge, { method: 'tools/call', id: 2, params });
    await expect.poll(async () => (await call({ requestState })).json.error?.data.reason).toBe('used');
    expect(seen.gone).toBe(false);
    retry.leave();
    expect(seen.gone).toBe(true);
  });
});

test('a host without a store passes no questions on', async () => {
  const { withBothEras } = await import('../../../../src/mcp/both-eras.ts');
  const { oldGuest } = await import('../edge-of.ts');
  const guest = oldGuest((seen) => replyResult(seen, {}));
  const edge = withBothEras({ authorizes: false, inputWait: 1000 }, (next) => next)(guest.handle);
  const params = { name: 'ask', requestState: 'x' };
  expect((await send(edge, { method: 'tools/call', params }).answer).status).toBe(500);
});
