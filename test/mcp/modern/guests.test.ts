import { describe, expect, test } from 'vitest';
import type { GuestRequest, Handler } from '../../../src/http/handler.ts';
import { modernText } from '../../support/modern.ts';
import { playGuest, reply, replyResult, type Seen } from '../edge/guest.ts';
import { DISCOVER, edge, LIST, oldGuest, SESSIONLESS, send } from './edge-of.ts';

describe('a guest of an earlier revision', () => {
  test('is asked once what it speaks, and then gets the bytes of its clients', async () => {
    const guest = oldGuest();
    const handler = edge(guest);
    expect((await send(handler, LIST).answer).json.result.resultType).toBe('complete');
    await send(handler, { ...LIST, id: 2 }).answer;
    expect((await send(handler, DISCOVER).answer).json.result._meta).toEqual({
      'io.modelcontextprotocol/serverInfo': SESSIONLESS.serverInfo,
    });
    expect(guest.asked()).toEqual(['server/discover', 'initialize', 'tools/list', 'tools/list']);
    expect(guest.seen.at(-1)!.text).toBe(modernText({ ...LIST, id: 2 }).body);
    expect(guest.seen.at(-1)!.headers.get('mcp-protocol-version')).toBe('2025-06-18');
  });

  test('that has clients with tokens describes itself to each of them', async () => {
    const guest = oldGuest();
    const handler = edge(guest, true);
    const discover = { ...DISCOVER, headers: { authorization: 'Bearer a' } };
    const first = await send(handler, discover).answer;
    await send(handler, { ...discover, headers: { authorization: 'Bearer b' } }).answer;
    await send(handler, LIST).answer;
    expect(first.json.result.cacheScope).toBe('private');
    expect(guest.asked()).toEqual(['server/discover', 'initialize', 'initialize', 'tools/list']);
    expect(guest.seen[2]!.headers.get('authorization')).toBe('Bearer b');
  });

  test('does not describe itself to others as it does to a client with a token', async () => {
    const guest = oldGuest();
    const handler = edge(guest);
    await send(handler, { ...DISCOVER, headers: { authorization: 'Bearer a' } }).answer;
    await send(handler, DISCOVER).answer;
    await send(handler, DISCOVER).answer;
    expect(guest.asked()).toEqual(['server/discover', 'initialize', 'initialize']);
    expect(guest.seen[2]!.headers.has('authorization')).toBe(false);
  });

  test('that refuses a client is not asked further, and the client gets the refusal', async () => {
    const guest = playGuest((request) => reply(request, 401, '', ['www-authenticate', 'Bearer']));
    const { status, headers } = await send(edge(guest), LIST).answer;
    expect([status, headers]).toEqual([401, ['www-authenticate', 'Bearer']]);
    expect(guest.asked()).toEqual(['server/discover']);
  });

  test('runs without its sessions, if they can be switched off', async () => {
    const envs: GuestRequest['env'][] = [];
    const guest = oldGuest();
    const spy: Handler = (request, target) => {
      envs.push(request.env);
      return guest.handle(request, target);
    };
    await send(edge({ handle: spy }), LIST).answer;
    expect(envs).toEqual(Array(3).fill({ WASMCP_SESSION_ENABLED: 'false' }));
  });

  test('that must have sessions gets one for each request, which ends with it', async () => {
    let opened = 0;
    const guest = playGuest((request) => {
      const { message, method, headers } = request;
      if (headers.get('mcp-protocol-version') === '2026-07-28') reply(request, 400, '');
      else if (message?.method === 'initialize')
        replyResult(request, SESSIONLESS, ['mcp-session-id', `s${++opened}`]);
      else if (method === 'DELETE' || message.id === undefined) reply(request, 202, '', []);
      else replyResult(request, {}, ['mcp-session-id', request.session!]);
    });
    const handler = edge(guest);
    expect((await send(handler, LIST).answer).session).toBeUndefined();
    await send(handler, LIST).answer;
    const each = (id: string): string[] => [
      'initialize',
      ...['notifications/initialized', 'tools/list', 'DELETE'].map((what) => `${what} in ${id}`),
    ];
    expect(guest.asked()).toEqual(['server/discover', ...each('s1'), ...each('s2')]);
  });

  test('does not learn of its client, nor keep the session, if the request is refused', async () => {
    const guest = oldGuest();
    const refused = await send(edge(guest), { ...LIST, headers: { 'mcp-method': 'ping' } }).answer;
    expect([refused.status, guest.seen]).toEqual([400, []]);
  });

  const question = { jsonrpc: '2.0', id: 'q', method: 'sampling/createMessage', params: {} };
  const asking = () =>
    oldGuest(({ target }) => {
      target.head(200, ['content-type', 'text/event-stream']);
      target.chunk(Buffer.from(`data: ${JSON.stringify(question)}\n\n`), () => {});
    });

  test('that asks a client for what it cannot do ends the request', async () => {
    const guest = asking();
    const { status, json } = await send(edge(guest), { method: 'tools/call', params: { name: 'a' } }).answer;
    expect([status, json.id, json.error.code]).toEqual([400, 1, -32021]);
    expect(json.error.data).toEqual({ requiredCapabilities: { sampling: {} } });
    expect(guest.seen.at(-1)!.gone).toBe(true);
  });

  test('that asks a client for what it can do ends the request as well', async () => {
    const meta = { 'io.modelcontextprotocol/clientCapabilities': { sampling: {} } };
    const { json } = await send(edge(asking()), { method: 'tools/call', params: { name: 'a' }, meta }).answer;
    expect(json.error).toMatchObject({ code: -32603, message: expect.stringContaining('does not pass on') });
  });

  test('sees its client leave when the client closes the stream', async () => {
    const guest = oldGuest(() => {});
    const handler = edge(guest);
    const { leave } = send(handler, LIST);
    leave();
    expect(guest.seen.at(-1)!.gone).toBe(true);
  });

  test.each([
    [-32002, -32602],
    [-32042, -32603],
    [-32050, -32603],
    [-32000, -32000],
    [-1, -1],
  ])('its error %i is %i for the client', async (code, expected) => {
    const failing = oldGuest((request) => {
      const error = { code, message: 'no', data: { uri: 'a' } };
      reply(request, 200, JSON.stringify({ jsonrpc: '2.0', id: request.message.id, error }));
    });
    const { status, json } = await send(edge(failing), LIST).answer;
    expect([status, json.error]).toEqual([200, { code: expected, message: 'no', data: { uri: 'a' } }]);
  });

  test.each([
    '"a":12345678901234567890,"b":0.1',
    '"a":[1e400,1]',
    '"a":[ 1.5E2 ]',
    '"a":-0,"b":-0.5',
    '"a":[0.1234567890123456789]',
    '"a":{"b":12345678.123456789}',
    '"a":\n2e1',
  ])('keeps the digits of its numbers: %s', async (members) => {
    const exact = `{"jsonrpc":"2.0","id":1,"result":{${members}}}`;
    const { text } = await send(edge(oldGuest((request) => reply(request, 200, exact))), LIST).answer;
    expect(text).toContain(members.replaceAll(/\s/g, ''));
  });

  test.each([
    ['ends without a message', 'data: {"jsonrpc":"2.0","method":"notifications/x","params":{}}\n\n'],
    ['is empty', ''],
  ])('whose stream %s fails', async (_, events) => {
    const broken = oldGuest((request) => reply(request, 200, events, ['content-type', 'text/event-stream']));
    expect((await send(edge(broken), LIST).answer).failure).toBe('guest-no-response');
  });

  test('whose message is longer than the limit fails', async () => {
    const long = `{"jsonrpc":"2.0","id":1,"result":{"a":"${'x'.repeat(16 * 1024 * 1024)}"}}`;
    const { failure } = await send(edge(oldGuest((request) => reply(request, 200, long))), LIST).answer;
    expect(failure).toBe('guest-error-response');
  });
});

/** Answers calls of tools, for a guest that has no tools to list. */
function onCall(answer: (request: Seen) => void): (request: Seen) => void {
  return (request) => (request.message.method === 'tools/call' ? answer(request) : replyResult(request, {}));
}

describe('a session as an argument', () => {
  const inSession = { method: 'tools/call', params: { name: 'a', arguments: { session_id: 's' } } };

  test.each([
    [403, [], 'does not let this client use the session'],
    [404, [], 'there is no such session'],
  ] as const)('that the guest refuses with %i is a tool error', async (status, headers, text) => {
    const guest = oldGuest(onCall((request) => reply(request, status, 'no', headers)));
    const answer = await send(edge(guest, false, true), inSession).answer;
    expect([answer.status, answer.json.result.isError]).toEqual([200, true]);
    expect(answer.json.result.content[0].text).toContain(text);
    expect(guest.seen.at(-1)!.session).toBe('s');
  });

  test('that needs more rights is refused with the challenge of the guest', async () => {
    const challenge = ['www-authenticate', 'Bearer scope="a"'];
    const guest = oldGuest(onCall((request) => reply(request, 403, '', challenge)));
    const { status, headers } = await send(edge(guest, false, true), inSession).answer;
    expect([status, headers]).toEqual([403, ['www-authenticate', 'Bearer scope="a"']]);
  });

  test('is left to a tool that has an argument of that name, and is not offered twice', async () => {
    const schema = { type: 'object', properties: { session_id: { type: 'integer' } } };
    const tool = { name: 'a', inputSchema: schema };
    const guest = oldGuest((request) =>
      replyResult(request, request.message.method === 'tools/list' ? { tools: [tool], nextCursor: 'x' } : {}),
    );
    const handler = edge(guest, false, true);
    expect((await send(handler, LIST).answer).json.result.tools).toEqual([tool]);
    await send(handler, inSession).answer;
    expect(guest.seen.at(-1)!.session).toBeUndefined();
    expect(guest.seen.at(-1)!.message.params.arguments).toEqual({ session_id: 's' });
  });

  test('cannot be had from a guest without sessions', async () => {
    const call = { method: 'tools/call', params: { name: 'create_session' } };
    const { json } = await send(edge(oldGuest(), false, true), call).answer;
    expect(json.result).toMatchObject({
      isError: true,
      content: [{ text: 'this server keeps no sessions' }],
    });
  });
});
