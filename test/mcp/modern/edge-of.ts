import type { Handler } from '../../../src/http/handler.ts';
import { withBothEras } from '../../../src/mcp/both-eras.ts';
import type { StateOptions } from '../../../src/mcp/modern/state/options.ts';
import { DEFAULTS } from '../../../src/options/defaults.ts';
import { type ModernRequest, modernText } from '../../support/modern.ts';
import { ask, type PlayedGuest, playGuest, reply, replyResult, type Seen } from '../edge/guest.ts';

export const SESSIONLESS = {
  protocolVersion: '2025-06-18',
  capabilities: {},
  serverInfo: { name: 'played', version: '3' },
};

/** A guest of 2025-06-18 without sessions, except for what `answer` does. */
export function oldGuest(
  answer: (request: Seen) => void = (request) => replyResult(request, {}),
): PlayedGuest {
  return playGuest((request) => {
    const { method } = request.message;
    if (request.headers.get('mcp-protocol-version') === '2026-07-28') reply(request, 400, '{}');
    else if (method === 'initialize') replyResult(request, SESSIONLESS);
    else answer(request);
  });
}

/** Handles with the default limits. */
export const STATE: StateOptions = {
  kind: 'handle',
  bucket: 'default',
  lifetime: DEFAULTS.stateLifetime,
  names: DEFAULTS.handleNames,
  limits: { perPrincipal: DEFAULTS.maxHandlesPerPrincipal, perHost: DEFAULTS.maxHandles },
};

export function edge({ handle }: { handle: Handler }, authorizes = false, offersHandles = false): Handler {
  const state = offersHandles ? STATE : undefined;
  return withBothEras({ authorizes, state, inputWait: 300_000 }, (next) => next)(handle);
}

export function send(handler: Handler, request: ModernRequest): ReturnType<typeof ask> {
  const { headers, body } = modernText(request);
  return ask(handler, body, headers);
}

export const LIST: ModernRequest = { method: 'tools/list' };

export const DISCOVER: ModernRequest = { method: 'server/discover' };
