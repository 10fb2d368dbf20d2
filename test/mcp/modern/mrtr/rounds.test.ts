import { describe, expect, test } from 'vitest';
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

  test('is asked again if the guest asks the same again', async () => {
    const { call, stream, responses } = await asked();
    const first = call({ inputResponses: { a: ACCEPTED } });
    const { say } = await stream;
    say(question('a'));
    await expect.poll(responses).toHaveLength(1);
    say(question('a'));
    const { requestState, inputRequests } = (await first).json.result;
    expect(inputRequests).toEqual({ a: ELICIT });
    const second = call({ inputResponses: { a: ACCEPTED }, requestState });
    await expect.poll(responses).toHaveLength(2);
    say(question('a'));
    expect((await second).json.result).toMatchObject({ resultType: 'input_required' });
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
    const progress = (token: number, done = 1): object => ({
      jsonrpc: '2.0',
      method: 'notifications/progress',
      params: { progressToken: token, progress: done },
    });
    say(progress(1), question('a'));
    const messages = eventsOf((await first).text);
    expect(messages.map(({ method }) => method)).toEqual(['notifications/progress', undefined]);
    const { requestState } = messages[1]!.result;
    // The retry has a token of its own.
    const second = call({ inputResponses: { a: ACCEPTED }, requestState });
    await expect.poll(async () => (await stream).seen.gone).toBe(false);
    say(progress(1, 10), progress(2, 20), { jsonrpc: '2.0', id: 1, result: DONE });
    const later = eventsOf((await second).text);
    expect(later[0]).toEqual(progress(2, 10));
    expect(later[1]).toMatchObject({ id: 2, result: DONE });
    expect(later).toHaveLength(2);
  });
});

// biome-ignore lint/suspicious/noExplicitAny: only tests read these messages
function eventsOf(text: string): any[] {
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!));
}
