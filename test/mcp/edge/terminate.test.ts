import { describe, expect, test } from 'vitest';
import type { Handler } from '../../../src/http/handler.ts';
import { ask, edgeOf, type PlayedGuest, playGuest, reply, replyResult } from './guest.ts';
import { BOTH, CALL, guideFor, initializeFor, sessionGuest } from './session-guest.ts';

describe('session/terminate', () => {
  async function open(guest: PlayedGuest): Promise<{ edge: Handler; session: string }> {
    const edge = guideFor(guest);
    const { session } = await ask(edge, initializeFor('2025-06-18'), BOTH).answer;
    return { edge, session: session! };
  }

  test('ends the session, and responds under the id as it was written', async () => {
    const guest = sessionGuest();
    const { edge, session } = await open(guest);
    const id = '12345678901234567890123456789';
    const text = `{"jsonrpc":"2.0","id":${id},"method":"session/terminate"}`;
    const headers = { 'content-type': 'application/json', 'mcp-session-id': session };
    const ended = await ask(edge, text, headers).answer;
    expect(ended).toMatchObject({ status: 200, text: `{"jsonrpc":"2.0","id":${id},"result":{}}` });
    expect(await ask(edge, CALL, { ...BOTH, 'mcp-session-id': session }).answer).toMatchObject({
      status: 404,
    });
    expect(await ask(edge, text, headers).answer).toMatchObject({ status: 404 });
    expect(await ask(edge, undefined, headers, 'DELETE').answer).toMatchObject({ status: 404 });
  });

  test('without an id gets no response', async () => {
    const guest = sessionGuest();
    const { edge, session } = await open(guest);
    const { answer } = ask(edge, '{"method":"session/terminate"}', { 'mcp-session-id': session });
    expect(await answer).toMatchObject({ status: 202, text: '' });
    expect(guest.asked().at(-1)).toBe(`DELETE in ${session}`);
    expect(guest.seen.at(-1)?.text).toBe('');
  });

  test('without a session is refused', async () => {
    const guest = sessionGuest();
    const { answer } = ask(guideFor(guest), '{"id":"a","method":"session/terminate"}');
    expect(await answer).toMatchObject({ status: 400, json: { id: 'a', error: { code: -32600 } } });
    expect(guest.seen).toEqual([]);
  });

  test('is an unknown method if the guest does not let clients end sessions', async () => {
    const guest = playGuest((request) => {
      if (request.method === 'DELETE') reply(request, 405, '', ['allow', 'POST']);
      else replyResult(request, {});
    });
    const { answer } = ask(guideFor(guest), '{"id":"a","method":"session/terminate"}', {
      'mcp-session-id': 's',
    });
    expect(await answer).toMatchObject({ status: 200, json: { id: 'a', error: { code: -32601 } } });
  });

  test('is left to the guest in strict mode', async () => {
    const guest = playGuest((request) => reply(request, 200, '{"error":{}}'));
    const edge = edgeOf(guest.handle, { mode: 'strict', queue: undefined });
    await ask(edge, '{"id":"a","method":"session/terminate"}', { 'mcp-session-id': 's' }).answer;
    expect(guest.asked()).toEqual(['session/terminate in s']);
  });
});
