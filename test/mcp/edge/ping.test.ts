import { describe, expect, test } from 'vitest';
import { WasmcpError } from '../../../src/index.ts';
import { ask, edgeOf, playGuest, reply, replyResult, type Seen } from './guest.ts';
import { at, BOTH, CALL, PLACES } from './probe-places.ts';

describe('a ping', () => {
  const PING = PLACES['ping before session/terminate']!;
  const OWN = '"id":"wasmcp-node"';
  const error = (code: number, id = OWN): string =>
    `{"jsonrpc":"2.0",${id},"error":{"code":${code},"message":"why"}}`;

  test.each<[string, number, string, number | 'passes']>([
    ['a result', 200, `{"jsonrpc":"2.0",${OWN},"result":{}}`, 'passes'],
    ['a result of another request', 200, '{"jsonrpc":"2.0","id":1,"result":{}}', 503],
    ['no such method', 200, error(-32601), 'passes'],
    ['no such method, as 404', 404, error(-32601), 'passes'],
    ['no such method, as 400 without an id', 400, error(-32601, '"id":null'), 'passes'],
    ['no such method, to a stranger', 403, error(-32601), 403],
    ['no such method, without a token', 401, error(-32601), 401],
    ['no such method, as 500', 500, error(-32601), 503],
    ['an internal error', 200, error(-32603), 503],
    ['another error', 200, error(-32001), 403],
    ['a refusal', 403, error(-32001), 403],
    ['nothing', 200, '', 503],
    ['no JSON', 200, '<html>', 503],
    ['a list', 200, '[]', 503],
    ['both', 200, `{${OWN},"result":{},"error":{"code":-32601,"message":""}}`, 'passes'],
    ['more than it could say', 200, `{${OWN},"result":{"a":"${'x'.repeat(70_000)}"}}`, 503],
  ])('that gets %s', async (_, status, body, wanted) => {
    const { answer, passed } = await at(PING, (request) => reply(request, status, body));
    expect(passed).toBe(wanted === 'passes');
    if (wanted === 'passes') return;
    expect(answer.status).toBe(wanted);
    expect(answer.json).toMatchObject({ id: 'mine', error: {} });
  });

  test('may get a stream', async () => {
    const { passed } = await at(PING, (request) => {
      const events = ': hello\n\nevent: message\ndata: {"jsonrpc":"2.0","id":"wasmcp-node","result":{}}\n\n';
      reply(request, 200, events, ['content-type', 'text/event-stream']);
    });
    expect(passed).toBe(true);
  });

  test.each(['', 'data: {"jsonrpc":"2.0","method":"notifications/message"}\n\n'])(
    'that gets a stream without a response proves nothing',
    async (events) => {
      const { answer, passed } = await at(PING, (request) =>
        reply(request, 200, events, ['content-type', 'text/event-stream']),
      );
      expect(passed).toBe(false);
      expect(answer.status).toBe(503);
    },
  );

  test('whose response ends early proves nothing', async () => {
    const { answer, passed } = await at(PING, ({ target }) => {
      target.head(200, ['content-type', 'application/json']);
      target.chunk(Buffer.from(`{"jsonrpc":"2.0",${OWN},"result":{}}`), () => {});
      target.fail(new WasmcpError('guest-trapped', 'trapped'));
    });
    expect(passed).toBe(false);
    expect(answer.status).toBe(503);
  });

  test('passes on the guest’s refusal under the client’s id, with its challenge', async () => {
    const { answer } = await at(PING, (request) =>
      reply(request, 401, error(-32001), [
        'content-type',
        'application/json',
        'www-authenticate',
        'Bearer x',
      ]),
    );
    expect(answer).toMatchObject({
      status: 401,
      headers: ['content-type', 'application/json', 'www-authenticate', 'Bearer x'],
      text: '{"jsonrpc":"2.0","id":"mine","error":{"code":-32001,"message":"why"}}',
    });
  });

  test.each([
    ['7', '7'],
    ['86400', '3600'],
    ['Wed, 21 Oct 2026 07:28:00 GMT', '1'],
    ['-1', '1'],
  ])('of a guest with Retry-After: %s', async (said, told) => {
    const { answer } = await at(PING, (request) => reply(request, 429, '', ['retry-after', said]));
    expect(answer.headers.slice(-2)).toEqual(['retry-after', told]);
  });
});

describe('one inconsistent response', () => {
  const sessions = (request: Seen): void =>
    replyResult(request, {}, request.message.method === 'initialize' ? ['mcp-session-id', 's'] : []);

  test.each([1, 2])('does not disable sessions for all clients: %i of them', async (odd) => {
    let left = odd;
    const guest = playGuest((request) => {
      if (left > 0) replyResult(request, {});
      else sessions(request);
      if (request.message.method === 'tools/call') left -= 1;
    });
    const edge = edgeOf(guest.handle, { mode: 'guide', queue: undefined });
    for (let i = 0; i < odd; i++) {
      expect(await ask(edge, CALL, BOTH).answer).toMatchObject({ status: 200, session: undefined });
    }
    expect(await ask(edge, CALL, BOTH).answer).toMatchObject({ status: 200, session: 's' });
  });

  test('nor do many errors of initialize', async () => {
    let sick = true;
    const guest = playGuest((request) => {
      if (!sick || request.message.method !== 'initialize') return sessions(request);
      const text = '{"jsonrpc":"2.0","id":"mine","error":{"code":-32603,"message":"no"}}';
      reply(request, 200, text);
    });
    const edge = edgeOf(guest.handle, { mode: 'guide', queue: undefined });
    for (let i = 0; i < 5; i++) {
      expect(await ask(edge, CALL, BOTH).answer).toMatchObject({
        status: 200,
        json: { error: { code: -32603 } },
      });
    }
    sick = false;
    expect(await ask(edge, CALL, BOTH).answer).toMatchObject({ status: 200, session: 's' });
  });

  test('and a session given to any client enables them', async () => {
    let keeps = false;
    const guest = playGuest((request) => (keeps ? sessions(request) : replyResult(request, {})));
    const edge = edgeOf(guest.handle, { mode: 'guide', queue: undefined });
    for (let i = 0; i < 4; i++) await ask(edge, CALL, BOTH).answer;
    expect(guest.asked().slice(-2)).toEqual(['tools/call', 'tools/call']);
    keeps = true;
    const initialize =
      '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18"}}';
    await ask(edge, initialize, BOTH).answer;
    expect(await ask(edge, CALL, BOTH).answer).toMatchObject({ status: 200, session: 's' });
  });

  test('does not mark a revision as refused', async () => {
    let odd = 2;
    const guest = playGuest((request) => {
      if (odd-- > 0 && request.message.params.protocolVersion === '2025-11-25') reply(request, 400, '{}');
      else replyResult(request, { protocolVersion: request.message.params.protocolVersion });
    });
    const edge = edgeOf(guest.handle, { mode: 'strict', queue: undefined });
    const initialize =
      '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}';
    const agreed: string[] = [];
    for (let i = 0; i < 3; i++)
      agreed.push((await ask(edge, initialize, BOTH).answer).json.result.protocolVersion);
    expect(agreed.at(-1)).toBe('2025-11-25');
  });
});
