import { type PlayedGuest, playGuest, reply, replyResult, type Seen } from '../edge/guest.ts';

export const DISCOVERED: object = { supportedVersions: ['2026-07-28'], capabilities: { tools: {} } };

/** A guest of 2026-07-28, except for what `answer` does. */
export function newGuest(
  answer: (request: Seen) => void = (request) => replyResult(request, {}),
): PlayedGuest {
  return playGuest((request) => {
    const { method } = request.message ?? {};
    if (request.headers.get('mcp-protocol-version') !== '2026-07-28') {
      reply(request, 400, JSON.stringify({ error: { code: -32020, message: 'no' } }));
    } else if (method === 'server/discover') {
      replyResult(request, { resultType: 'complete', ...DISCOVERED });
    } else answer(request);
  });
}

export function text(method: string, params: object = {}, id: unknown = 1): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params });
}

export const INITIALIZE: string = text('initialize', { protocolVersion: '2025-06-18', capabilities: {} });
