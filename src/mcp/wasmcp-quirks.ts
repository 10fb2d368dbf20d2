import type { GuestRequest } from '../http/handler.ts';
import { header } from '../http/headers.ts';

/**
 * Behaviour of servers composed by wasmcp, as of its state of March 2026 (MCP revision 2025-11-25), that this folder works
 * around. Each entry says what the guest does, and what follows here. When wasmcp changes one, this is the place to start.
 */

/** The guest negotiates the protocol version by this header instead of by the message. */
export const VERSION_HEADER = 'mcp-protocol-version';

/**
 * The guest refuses a version that it does not know with this status, in the header and in the message, where a server must
 * offer another one. So `initialize` is repeated with other revisions.
 */
export const UNKNOWN_VERSION_STATUS = 400;

/**
 * The guest checks a token, and whose session it is, for requests only: it accepts responses, notifications and DELETE from
 * every client that knows the id of a session. So this request verifies the owner first.
 */
export const OWNER_CHECKED_METHOD = 'ping';

/**
 * The guest reads ids as strings or as integers of some width, and treats a message with another id as a notification, which it
 * accepts from every client. `id` is JSON text.
 */
export function isPortableId(id: Uint8Array): boolean {
  return /^(?:"|\d{1,9}$)/.test(Buffer.from(id).toString());
}

/** The guest does not know this method, which its Sessions Guide describes. So it becomes a DELETE. */
export const TERMINATE_METHOD = 'session/terminate';

/** The guest refuses a POST whose `Accept` does not list both types, which the guide's `curl` examples omit. */
export const REQUIRED_ACCEPT = 'application/json, text/event-stream';

/** The guest compares only prefixes of origins. So every origin is allowed there, and the access policy compares whole origins. */
export const ALLOWED_ORIGINS = '*';

/** The guest's 401 lacks the `WWW-Authenticate` that it must have (RFC 9110 section 15.5.2). */
export function lacksChallenge(status: number, headers: readonly string[]): boolean {
  return status === 401 && header(headers, 'www-authenticate') === undefined;
}

/**
 * The guest writes members of its metadata document that have no value as null or as an empty list, which RFC 9728 section
 * 3.2 forbids and clients reject.
 */
export function isEmptyMember(value: unknown): boolean {
  return value === null || (Array.isArray(value) && value.length === 0);
}

/**
 * An error about a request as a whole has the id null: the guest does not look for the id of a message that it refuses. So
 * the only message of such a response belongs to every request of the POST (`stdio/response.ts`).
 *
 * The layout and the metadata of stored sessions are described in `sessions/layout.ts` and `sessions/metadata.ts`.
 */

/** The guest reads its environment for each request: for this one it keeps no sessions, and accepts requests without one. */
export function withoutSessions(request: GuestRequest): GuestRequest {
  return { ...request, env: SESSIONS_OFF };
}

const SESSIONS_OFF: Readonly<Record<string, string>> = { WASMCP_SESSION_ENABLED: 'false' };

/** The guest stores sessions in this bucket when WASMCP_SESSION_BUCKET is missing or empty. */
export const DEFAULT_BUCKET = 'default';
