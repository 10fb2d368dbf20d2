import type { GuestRequest } from '../../http/handler.ts';
import { createServerRequestReader, idText } from './server-requests.ts';
import { sessionOf } from './session.ts';

/**
 * Requests of guests to their clients (sampling, elicitation, roots) that have no response yet. Only the client's response
 * ends the wait: progress notifications and keep-alive events do not.
 */
export interface PendingInputs {
  /** Watches the stream that responds to `request`. `expired` is called with the method that got no response in time. */
  open(request: GuestRequest, expired: (method: string) => void): StreamInputs;
  /** Whether a guest waits for the client of this request's session. */
  includes(request: GuestRequest): boolean;
  /** The client responds to the request with this id, as it was written. */
  settle(request: GuestRequest, id: Uint8Array | undefined): void;
}

/** The requests in one stream. */
export interface StreamInputs {
  readonly read: (bytes: Uint8Array) => void;
  /** The method of the one that has waited longest. */
  oldest(): string | undefined;
  clear(): void;
}

interface ServerRequest {
  readonly id: string;
  readonly method: string;
  readonly timer: NodeJS.Timeout;
}

/** Requests in one stream that are timed at once. */
const MAX_QUESTIONS = 64;

/** Each may wait for `limit` milliseconds. */
export function createPendingInputs(limit: number): PendingInputs {
  /** By session, what is called with the id of a response. */
  const listeners = new Map<string, Set<(id: string) => void>>();
  const keyOf = (request: GuestRequest): string => sessionOf(request) ?? '';

  function open(session: string, expired: (method: string) => void): StreamInputs {
    const pending: ServerRequest[] = [];

    function add(id: string, method: string): void {
      if (pending.length >= MAX_QUESTIONS) return;
      pending.push({ id, method, timer: setTimeout(expired, limit, method) });
      const here = listeners.get(session) ?? new Set();
      listeners.set(session, here.add(settle));
    }

    function settle(id: string): void {
      const at = pending.findIndex((request) => request.id === id);
      if (at >= 0) clearTimeout(pending.splice(at, 1)[0]!.timer);
      if (pending.length === 0) clear();
    }

    function clear(): void {
      for (const { timer } of pending.splice(0)) clearTimeout(timer);
      const here = listeners.get(session);
      if (here?.delete(settle) && here.size === 0) listeners.delete(session);
    }

    return { read: createServerRequestReader(add), oldest: () => pending[0]?.method, clear };
  }

  return {
    open: (request, expired) => open(keyOf(request), expired),
    includes: (request) => listeners.has(keyOf(request)),
    settle(request, id) {
      if (id === undefined || listeners.size === 0) return;
      for (const settle of listeners.get(keyOf(request)) ?? []) settle(idText(id));
    },
  };
}
