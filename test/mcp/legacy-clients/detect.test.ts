import { describe, expect, test } from 'vitest';
import { ask, type Json, type PlayedGuest, playGuest, reply, replyResult } from '../edge/guest.ts';
import { edge, oldGuest } from '../modern/edge-of.ts';
import { DISCOVERED, INITIALIZE, newGuest, text } from './new-guest.ts';

/** A body that arrives later, as bodies do over the network and of `fetch`. */
function upload(body: string) {
  let receiver: Json;
  return {
    body: { start: (one: Json) => (receiver = one), resume() {}, stop() {} },
    arrive() {
      receiver.data(Buffer.from(body));
      receiver.end([]);
    },
  };
}

describe('what a guest speaks', () => {
  test('is shown by its first response to a client of an earlier revision: such a guest is asked nothing', async () => {
    const guest = oldGuest();
    const handler = edge(guest);
    expect((await ask(handler, INITIALIZE).answer).json.result.protocolVersion).toBe('2025-06-18');
    await ask(handler, text('tools/list')).answer;
    expect(guest.asked()).toEqual(['initialize', 'tools/list']);
    expect(guest.seen.map(({ text }) => text)).toEqual([INITIALIZE, text('tools/list')]);
  });

  test('is asked once if the guest refuses a client of an earlier revision, which gets the refusal', async () => {
    const guest = oldGuest((request) => reply(request, 400, '{"error":{"code":-1,"message":"no"}}'));
    const handler = edge(guest);
    for (const id of [1, 2]) {
      const { status, text: body } = await ask(handler, text('tools/list', {}, id)).answer;
      expect([status, body]).toEqual([400, '{"error":{"code":-1,"message":"no"}}']);
    }
    expect(guest.asked()).toEqual(['tools/list', 'server/discover', 'tools/list']);
  });

  test.each([401, 403, 429, 503])('is not concluded from a response with %i', async (status) => {
    const guest = playGuest((request) => reply(request, status, ''));
    const handler = edge(guest);
    expect((await ask(handler, INITIALIZE).answer).status).toBe(status);
    expect(guest.asked()).toEqual(['initialize']);
  });

  test.each([
    ['at once', false],
    ['later', true],
  ])('is learned from the refusal of an initialize whose body arrives %s', async (_, isLate) => {
    const guest = newGuest();
    const { body, arrive } = upload(INITIALIZE);
    const { answer } = ask(edge(guest), isLate ? body : INITIALIZE);
    if (isLate) arrive();
    const { json, session } = await answer;
    expect(json.result).toMatchObject({ protocolVersion: '2025-06-18', serverInfo: { name: 'unknown' } });
    expect(session).toBeDefined();
    expect(guest.asked()).toEqual(['initialize', 'server/discover', 'server/discover']);
  });

  test('is learned from a guest that responds to an initialize with an error and status 200', async () => {
    const error = { code: -32601, message: 'no' };
    const guest = playGuest((request) => {
      if (request.message.method === 'server/discover') replyResult(request, DISCOVERED);
      else reply(request, 200, JSON.stringify({ jsonrpc: '2.0', id: 1, error }));
    });
    expect((await ask(edge(guest), INITIALIZE).answer).json.result.protocolVersion).toBe('2025-06-18');
  });

  test('is learned from a session that was opened before a restart', async () => {
    const { session } = await ask(edge(newGuest()), INITIALIZE).answer;
    const guest = newGuest();
    const headers = { 'mcp-session-id': session! };
    const { json } = await ask(edge(guest), text('tools/list'), headers).answer;
    expect(json).toEqual({ jsonrpc: '2.0', id: 1, result: {} });
    expect(guest.asked()).toEqual(['server/discover', 'tools/list']);
    const old = oldGuest((request) => reply(request, 404, ''));
    expect((await ask(edge(old), text('tools/list'), headers).answer).status).toBe(404);
  });
});

describe('a guest of 2026-07-28', () => {
  async function open(guest: PlayedGuest, capabilities: object = { elicitation: {} }) {
    const handler = edge(guest);
    const body = text('initialize', { protocolVersion: '2025-11-25', capabilities });
    const { session } = await ask(handler, body).answer;
    const accept = 'application/json, text/event-stream';
    return (method: string, params: object = {}, more: Record<string, string> = {}) =>
      ask(handler, text(method, params), { accept, 'mcp-session-id': session!, ...more });
  }

  test('that describes itself to each client with a token does so to clients of earlier revisions', async () => {
    const guest = newGuest();
    const handler = edge(guest, true);
    await ask(handler, INITIALIZE, { authorization: 'Bearer a' }).answer;
    await ask(handler, INITIALIZE, { authorization: 'Bearer b' }).answer;
    const tokens = guest.seen.map(({ headers }) => headers.get('authorization'));
    expect(guest.asked().slice(1)).toEqual(Array(3).fill('server/discover'));
    expect(tokens.slice(1)).toEqual(['Bearer a', 'Bearer a', 'Bearer b']);
  });

  test.each([
    [401, 'www-authenticate', 'Bearer scope="a"'],
    [503, 'retry-after', '7'],
  ])('that refuses a request with %i does so to its client', async (status, name, value) => {
    const guest = newGuest((request) => reply(request, status, '', [name, value]));
    const request = await open(guest);
    const answer = await request('tools/list').answer;
    expect([answer.status, answer.headers]).toEqual([status, [name, value]]);
  });

  test('that asks without a question is asked again, but not for ever', async () => {
    const guest = newGuest((request) =>
      replyResult(request, { resultType: 'input_required', requestState: `${guest.seen.length}` }),
    );
    const request = await open(guest);
    const before = guest.seen.length;
    const { json } = await request('tools/call', { name: 'a' }).answer;
    expect(json.error.message).toBe('the server asked its client more than 32 times');
    expect(guest.seen.length - before).toBe(32);
    expect(guest.seen.at(-1)!.message.params.requestState).toBe(`${guest.seen.length - 1}`);
    const ids = guest.seen.slice(before).map(({ message }) => message.id);
    expect(new Set(ids).size).toBe(32);
  });

  test('that asks too much at once is not passed on', async () => {
    const inputRequests = Object.fromEntries(
      Array.from({ length: 65 }, (_, i) => [i, { method: 'elicitation/create', params: {} }]),
    );
    const guest = newGuest((request) =>
      replyResult(request, { resultType: 'input_required', inputRequests }),
    );
    const { json } = await (await open(guest))('tools/call', { name: 'a' }).answer;
    expect(json.error.message).toBe('the server asked its client 65 things at once');
  });

  test('that asks a client without a stream ends the call', async () => {
    const inputRequests = { a: { method: 'roots/list', params: {} } };
    const guest = newGuest((request) =>
      replyResult(request, { resultType: 'input_required', inputRequests }),
    );
    const request = await open(guest);
    const { json } = await request('tools/call', { name: 'a' }, { accept: 'application/json' }).answer;
    expect(json.error.message).toContain('accepts no stream');
  });

  test('keeps the digits of numbers, in both directions', async () => {
    const exact = '{"jsonrpc":"2.0","id":1,"result":{"a":12345678901234567890,"resultType":"complete"}}';
    const guest = newGuest((request) => reply(request, 200, exact));
    const handler = edge(guest);
    const { session } = await ask(handler, INITIALIZE).answer;
    const body =
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"n":1e400}}}';
    const answer = await ask(handler, body, { 'mcp-session-id': session! }).answer;
    expect(answer.text).toBe('{"jsonrpc":"2.0","id":1,"result":{"a":12345678901234567890}}');
    expect(guest.seen.at(-1)!.text).toContain('"arguments":{"n":1e400}');
  });

  test.each([
    [-32020, -32603],
    [-32022, -32603],
    [-32021, -32021],
    [-1, -1],
  ])('whose error is %i returns %i', async (code, expected) => {
    const failing = newGuest((request) => {
      const error = { code, message: 'no' };
      reply(request, 400, JSON.stringify({ jsonrpc: '2.0', id: request.message.id, error }));
    });
    const { status, json } = await (await open(failing))('tools/list').answer;
    expect([status, json.error.code]).toEqual([200, expected]);
  });

  test('whose response is not complete fails', async () => {
    const guest = newGuest((request) => reply(request, 200, ': \n\n', ['content-type', 'text/event-stream']));
    expect((await (await open(guest))('tools/list').answer).failure).toBe('guest-no-response');
  });

  test('that notifies of nothing has no stream for its clients', async () => {
    const handler = edge(newGuest());
    const { session } = await ask(handler, INITIALIZE).answer;
    const headers = { accept: 'text/event-stream', 'mcp-session-id': session! };
    expect((await ask(handler, undefined, headers, 'GET').answer).status).toBe(405);
    const subscribe = text('resources/subscribe', { uri: 'a' });
    const { json } = await ask(handler, subscribe, headers).answer;
    expect(json.error.code).toBe(-32601);
  });

  test('is not told what a client says of itself if that is too long', async () => {
    const handler = edge(newGuest());
    const long = { experimental: { a: { b: 'x'.repeat(4096) } } };
    const body = text('initialize', { protocolVersion: '2025-11-25', capabilities: long });
    expect((await ask(handler, body).answer).json.error.message).toContain('too long');
  });

  test('lets a session subscribe to 1,000 resources', async () => {
    const resources = { subscribe: true };
    const guest = playGuest((request) => {
      if (request.message.method !== 'server/discover') reply(request, 400, '');
      else replyResult(request, { ...DISCOVERED, capabilities: { resources } });
    });
    const request = await open(guest);
    for (let i = 0; i < 1000; i++) await request('resources/subscribe', { uri: `test://${i}` }).answer;
    const again = await request('resources/subscribe', { uri: 'test://0' }).answer;
    expect(again.json.result).toEqual({});
    const more = await request('resources/subscribe', { uri: 'test://more' }).answer;
    expect(more.json.error.message).toBe('a session has at most 1000 subscriptions');
    await request('resources/unsubscribe', { uri: 'test://0' }).answer;
    expect((await request('resources/subscribe', { uri: 'test://more' }).answer).json.result).toEqual({});
  });
});
