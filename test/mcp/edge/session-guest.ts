import type { Handler } from '../../../src/http/handler.ts';
import { createSessionQueue } from '../../../src/mcp/edge/session-queue.ts';
import { edgeOf, type PlayedGuest, playGuest, reply, replyResult, type Seen } from './guest.ts';

export const BOTH = { accept: 'application/json, text/event-stream' };
export const CALL = '{"method":"tools/call","params":{"name":"add"},"jsonrpc":"2.0","id":1}';

/** Keeps sessions `s1`, `s2`, … as wasmcp's servers do: named and negotiated by headers, ended by DELETE. */
export function sessionGuest(
  answer: (request: Seen) => void = (request) => replyResult(request, {}),
): PlayedGuest {
  const sessions = new Map<string, boolean>();
  return playGuest((request) => {
    const { method, message, session, headers } = request;
    const error = JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32600, message: 'no' } });
    if (session !== undefined && sessions.get(session) !== true && method !== 'DELETE') {
      reply(request, 404, error, []);
    } else if (method === 'DELETE') {
      sessions.set(session!, false);
      reply(request, 200, '', []);
    } else if (message?.method === 'initialize') {
      const version = headers.get('mcp-protocol-version') ?? '2025-03-26';
      const known = ['2025-06-18', '2025-03-26'];
      if (!known.includes(version) || !known.includes(message.params.protocolVersion)) {
        reply(request, 400, error, []);
      } else {
        const id = `s${sessions.size + 1}`;
        sessions.set(id, true);
        replyResult(request, { protocolVersion: version }, ['mcp-session-id', id]);
      }
    } else if (session === undefined) {
      reply(request, 400, error, []);
    } else if (message?.id === undefined || message.method === undefined) {
      reply(request, 202, '', []);
    } else {
      answer(request);
    }
  });
}

export function guideFor({ handle }: PlayedGuest, limit = 100): Handler {
  return edgeOf(handle, { mode: 'guide', queue: createSessionQueue(limit) });
}

export function initializeFor(version: string): string {
  return `{"id":7,"params":{"protocolVersion" : "${version}" , "capabilities":{}},"method":"initialize"}`;
}
