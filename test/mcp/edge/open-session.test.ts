import { describe, expect, test } from 'vitest';
import type { Handler } from '../../../src/http/handler.ts';
import { WasmcpError } from '../../../src/index.ts';
import { ask, edgeOf, playGuest, reply, replyResult, type Seen } from './guest.ts';
import { BOTH, CALL, guideFor, sessionGuest } from './session-guest.ts';

describe('a request without a session', () => {
  test('gets one, and the response names it', async () => {
    const guest = sessionGuest();
    const { answer } = ask(guideFor(guest), CALL, BOTH);
    expect(await answer).toMatchObject({ status: 200, session: 's1', json: { id: 1, result: {} } });
    expect(guest.asked()).toEqual(['initialize', 'notifications/initialized in s1', 'tools/call in s1']);
  });

  test('reaches the guest in the bytes of the client', async () => {
    const guest = sessionGuest();
    const text = ' {"id" : 1e0,"method":"tools\\/call" ,"params":{"arguments":{"a":1.0, "a":2}}} ';
    await ask(guideFor(guest), text, BOTH).answer;
    expect(guest.seen.at(-1)?.text).toBe(text);
  });

  test('is opened on behalf of the client, with its version', async () => {
    const guest = sessionGuest();
    const headers = {
      authorization: 'Bearer x',
      'mcp-protocol-version': '2025-06-18',
      'content-length': '70',
    };
    await ask(guideFor(guest), CALL, { ...BOTH, ...headers }).answer;
    const [initialize] = guest.seen;
    expect(initialize?.headers.get('authorization')).toBe('Bearer x');
    expect(initialize?.headers.get('content-length')).toBe(String(initialize?.text.length));
    expect(initialize?.message).toMatchObject({ id: 1, params: { protocolVersion: '2025-06-18' } });
    expect(guest.seen.at(-1)?.headers.get('content-length')).toBe('70');
  });

  test('gets the refusal of its initialize as the response', async () => {
    const guest = playGuest((request) => reply(request, 401, '{"error":{}}', ['www-authenticate', 'Bearer']));
    const { answer } = ask(guideFor(guest), CALL, BOTH);
    expect(await answer).toMatchObject({
      status: 401,
      text: '{"error":{}}',
      headers: ['www-authenticate', 'Bearer'],
    });
    expect(guest.asked()).toEqual(['initialize']);
  });

  test('gets the failure of its initialize as the response', async () => {
    const handle: Handler = (_, target) => {
      target.fail(new WasmcpError('queue-full', 'full'));
      return { cancel() {}, stop() {} };
    };
    const edge = edgeOf(handle, { mode: 'guide', queue: undefined });
    expect(await ask(edge, CALL, BOTH).answer).toMatchObject({ failure: 'queue-full' });
  });

  test('is sent although the response to notifications/initialized ended early', async () => {
    const guest = playGuest((request) => {
      if (request.message.method !== 'notifications/initialized') {
        replyResult(request, {}, request.session === undefined ? ['mcp-session-id', 's'] : []);
        return;
      }
      request.target.head(202, []);
      request.target.fail(new WasmcpError('guest-trapped', 'trapped'));
    });
    expect(await ask(guideFor(guest), CALL, BOTH).answer).toMatchObject({ status: 200, session: 's' });
  });

  test('proceeds without one if the guest keeps none, which is asked three times only', async () => {
    const guest = playGuest((request) => replyResult(request, {}));
    const edge = guideFor(guest);
    for (let i = 0; i < 5; i++) {
      expect(await ask(edge, CALL, BOTH).answer).toMatchObject({ status: 200, session: undefined });
    }
    const asked = ['initialize', 'tools/call'];
    expect(guest.asked()).toEqual([...asked, ...asked, ...asked, 'tools/call', 'tools/call']);
  });

  test('asks a guest again that failed to create a session once', async () => {
    let broken = true;
    const guest = playGuest((request) => {
      if (request.message.method === 'initialize')
        replyResult(request, {}, broken ? [] : ['mcp-session-id', 's']);
      else if (request.session === undefined) reply(request, 400, '{}');
      else replyResult(request, {});
    });
    const edge = guideFor(guest);
    expect(await ask(edge, CALL, BOTH).answer).toMatchObject({ status: 400 });
    broken = false;
    expect(await ask(edge, CALL, BOTH).answer).toMatchObject({ status: 200, session: 's' });
  });

  test('is not sent when its client leaves before', async () => {
    const held: Seen[] = [];
    const guest = playGuest((request) => held.push(request));
    const { leave } = ask(guideFor(guest), CALL, BOTH);
    leave();
    expect(held[0]?.gone).toBe(true);
    replyResult(held[0]!, {}, ['mcp-session-id', 's']);
    expect(guest.asked()).toEqual(['initialize']);
  });

  test.each([
    ['a notification', '{"method":"notifications/initialized"}'],
    ['a response', '{"id":1,"result":{}}'],
    ['a batch', `[${CALL}]`],
    ['no JSON', '{"id":1,"method":"ping"'],
    ['no object', '5'],
  ])('%s reaches the guest unchanged', async (_, text) => {
    const guest = sessionGuest();
    expect(await ask(guideFor(guest), text, BOTH).answer).toMatchObject({ status: 400 });
    expect(guest.seen.map((seen) => seen.text)).toEqual([text]);
  });

  test.each(['2026-07-28', 'x'])('of version %s gets no session', async (version) => {
    const guest = sessionGuest();
    const text = '{"id":1,"method":"server/discover"}';
    const { answer } = ask(guideFor(guest), text, { ...BOTH, 'mcp-protocol-version': version });
    expect(await answer).toMatchObject({ status: 400, session: undefined });
    expect(guest.asked()).toEqual(['server/discover']);
  });

  test('is left to the guest in strict mode', async () => {
    const guest = sessionGuest();
    const edge = edgeOf(guest.handle, { mode: 'strict', queue: undefined });
    expect(await ask(edge, CALL, BOTH).answer).toMatchObject({ status: 400 });
    expect(guest.asked()).toEqual(['tools/call']);
  });
});
