import { hash } from 'node:crypto';
import type { GuestRequest } from '../../http/handler.ts';
import { header } from '../../http/headers.ts';
import { type ResponseWriter, wrapResponse } from '../../http/response.ts';
import { sessionOf } from './session.ts';
import type { SessionQueue } from './session-queue.ts';

/**
 * Which tokens the guest has accepted in which sessions. Only these enter a session's queue unverified: a client that knows
 * the id of another client's session must not be able to delay it.
 */
export interface SessionOwners {
  /** Whether the guest must accept a `ping` of the client before the request may enter the session's queue. */
  mustVerify(request: GuestRequest): boolean;
  /** The guest has accepted the request's token in this session. */
  confirm(request: GuestRequest, session: string): void;
  /** Confirms the token of a request in a session when the guest accepts it. */
  confirming(request: GuestRequest, target: ResponseWriter): ResponseWriter;
}

/** Sessions whose tokens are remembered; the one that was confirmed longest ago is forgotten first. */
const MAX_SESSIONS = 10_000;

/** Tokens remembered for one session: clients renew theirs, and may have several. */
const MAX_TOKENS = 4;

/** Without a queue there is nothing to protect. */
export function createSessionOwners(queue: SessionQueue | undefined): SessionOwners {
  /** Digests of tokens by session, the newest last. The digest of no token is the empty string. */
  const accepted = new Map<string, readonly string[]>();

  function confirm(request: GuestRequest, session: string): void {
    const token = digestOf(request);
    const known = accepted.get(session);
    // A session that was only ever used without a token has no owner.
    if (queue === undefined || (known === undefined && token === '')) return;
    const others = (known ?? []).filter((other) => other !== token);
    accepted.delete(session);
    accepted.set(session, [...others.slice(1 - MAX_TOKENS), token]);
    if (accepted.size > MAX_SESSIONS) accepted.delete(accepted.keys().next().value!);
  }

  return {
    mustVerify(request) {
      const session = sessionOf(request);
      if (queue === undefined || session === undefined) return false;
      const known = accepted.get(session);
      if (known !== undefined) return !known.includes(digestOf(request));
      if (header(request.headers, 'authorization') === undefined) return false;
      // A guest refuses a small request at once. It may wait for the rest of an upload, and others would wait with it.
      return !(request.body instanceof Uint8Array) || queue.underWay(session) !== undefined;
    },
    confirm,
    confirming(request, target) {
      const session = sessionOf(request);
      if (queue === undefined || session === undefined) return target;
      if (accepted.has(session) || header(request.headers, 'authorization') === undefined) return target;
      return wrapResponse(target, {
        head(status, headers) {
          if (status < 300) confirm(request, session);
          target.head(status, headers);
        },
      });
    },
  };
}

function digestOf({ headers }: GuestRequest): string {
  const token = header(headers, 'authorization');
  return token === undefined ? '' : hash('sha256', token, 'base64url');
}
