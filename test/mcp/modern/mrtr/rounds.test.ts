import { describe, expect, test } from 'vitest';
import { WasmcpError } from '../../../../src/index.ts';
import { CAPABILITIES } from '../../../support/modern.ts';
import { replyResult } from '../../edge/guest.ts';
import { send } from '../edge-of.ts';
import { ACCEPTED } from './asking.ts';
import { asked, DONE, ELICIT, question } from './played.ts';

const ROOTS = { method: 'roots/list' };

describe('what a guest asks its client', () => {
  test('becomes one result, whatever it sends at once, and its response goes to the retry', async () => {
    const { call, stream, responses } = await asked();
    const first = call();
    const { say, end } = await stream;
    say(question('a'), question(7, ROOTS));
    say(question('7'));
    const { json, headers } = await first;
    expect(headers).toEqual(['content-type', 'application/json']);
    expect(json).toMatchObject({ id: 1, result: { resultType: 'input_required' } });
    expect(json.result.inputRequests).toEqual({ a: ELICIT, 7: ROOTS, '7#2': ELICIT });
    const { requestState } = json.result;
    const roots = { roots: [] };
    const second = call({
      inputResponses: { a: ACCEPTED, 7: roots, '7#2': ACCEPTED, other: {} },
      requestState,
    });
    await expect.poll(responses).toEqual([
      { jsonrpc: '2.0', id: 'a', result: ACCEPTED },
      { jsonrpc: '2.0', id: 7, result: roots },
      { jsonrpc: '2.0', id: '7', result: ACCEPTED },
    ]);
    say({ jsonrpc: '2.0', id: 1, result: DONE });
    end();
    expect((await second).json).toMatchObject({ id: 2, result: { resultType: 'complete', ...DONE } });
  });

  test('may be asked in several rounds, each with a state of its own', async () => {
    const { call, stream } = await asked();
    const first = call();
    const { say } = await stream;
    const states = new Set<string>();
    let answer = first;
    for (let round = 1; round <= 5; round++) {
      say(question(`step${round}`));
      const { result, id } = (await answer).json;
      expect([id, Object.keys(result.inputRequests)]).toEqual([round, [`step${round}`]]);
      states.add(result.requestState);
      answer = call({ inputResponses: { [`step${round}`]: ACCEPTED }, requestState: result.requestState });
    }
    say({ jsonrpc: '2.0', id: 1, result: DONE });
    expect((await answer).json).toMatchObject({ id: 6, result: DONE });
    expect(states.size).toBe(5);
  });

  test('is asked again if the response is missing', async () => {
    const { call, stream, responses } = await asked();
    const first = call();
    const { say } = await stream;
    say(question('a'), question('b'));
    const { requestState } = (await first).json.result;
    const second = (await call({ inputResponses: { b: ACCEPTED, c: ACCEPTED }, requestState })).json.result;
    expect(second).toMatchObject({ resultType: 'input_required', inputRequests: { a: ELICIT } });
    expect(Object.keys(second.inputRequests)).toEqual(['a']);
    const third = (await call({ requestState: second.requestState })).json.result;
    expect(Object.keys(third.inputRequests)).toEqual(['a']);
    const last = call({ inputResponses: { a: ACCEPTED }, requestState: third.requestState });
    await expect.poll(() => responses().map(({ id }) => id)).toEqual(['b', 'a']);
    say({ jsonrpc: '2.0', id: 1, result: DONE });
    expect((await last).json.result).toMatchObject(DONE);
  });

  test('is answered at once if the first request brings the response', async () => {
    const { call, stream, responses } = await asked();
    const first = call({ inputResponses: { a: ACCEPTED, more: {} } });
    const { say } = await stream;
    say(question('a'));
    await expect.poll(responses).toEqual([{ jsonrpc: '2.0', id: 'a', result: ACCEPTED }]);
    say({ jsonrpc: '2.0', id: 1, result: DONE });
    expect((await first).json.result).toMatchObject(DONE);
  });

  test.each([[null], [1], [[]], [{ a: 1 }], [{ a: null }], [{ a: [] }]])(
    'cannot be answered with %j, which uses no state up',
    async (inputResponses) => {
      const { call, stream } = await asked();
      expect(await call({ inputResponses })).toMatchObject({
        status: 400,
        json: { error: { code: -32602 } },
      });
      const first = call();
      (await stream).say(question('a'));
      const { requestState } = (await first).json.result;
      const wrong = await call({ inputResponses, requestState });
      expect(wrong).toMatchObject({ status: 400, json: { error: { code: -32602 } } });
      expect((await call({ requestState })).json.result.resultType).toBe('input_required');
    },
  );

  test('while its client is away is in the next result', async () => {
    const { call, stream } = await asked();
    const first = call();
    const { say } = await stream;
    say(question('a'));
    const { requestState } = (await first).json.result;
    say(question('b'));
    const second = await call({ inputResponses: { a: ACCEPTED }, requestState });
    expect(Object.keys(second.json.result.inputRequests)).toEqual(['b']);
  });

  test('is asked after what the client is told, in the same stream', async () => {
    const { call, stream } = await asked();
    const first = call();
    const { say } = await stream;
    const progress = (token: number): object => ({
      jsonrpc: '2.0',
      method: 'notifications/progress',
      params: { progressToken: token, progress: 1 },
    });
    say(progress(1), question('a'));
    const messages = eventsOf((await first).text);
    expect(messages.map(({ method }) => method)).toEqual(['notifications/progress', undefined]);
    const { requestState } = messages[1]!.result;
    // The retry has a token of its own.
    const second = call({ inputResponses: { a: ACCEPTED }, requestState });
    await expect.poll(async () => (await stream).seen.gone).toBe(false);
    say(progress(1), progress(2), { jsonrpc: '2.0', id: 1, result: DONE });
    const later = eventsOf((await second).text);
    expect(later[0]).toEqual(progress(2));
    expect(later[1]).toMatchObject({ id: 2, result: DONE });
    expect(later).toHaveLength(2);
  });
});

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

// biome-ignore lint/suspicious/noExplicitAny: only tests read these messages
function eventsOf(text: string): any[] {
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!));
}
