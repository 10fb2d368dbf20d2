import type { GuestRequest, Handler } from '../../../http/handler.ts';
import { header, withHeader } from '../../../http/headers.ts';
import { NEWEST_WITH_SESSIONS } from '../../edge/initialize.ts';
import { INITIALIZED, initializeMessage, messageFor, sendResult, withoutBody } from '../../edge/messages.ts';
import { type ProbeResult, probeTarget, type Verdict, verdictByStatus } from '../../edge/probe.ts';
import { inSession } from '../../edge/session.ts';
import { isObject, type JsonObject, jsonText } from '../client-message.ts';
import type { Exchange } from '../exchange.ts';
import type { LegacyGuest } from '../guest.ts';
import type { Asking } from '../guest-profile.ts';
import { parseExactly } from '../json.ts';
import { forGuest } from '../own-session.ts';
import { CREATE, created, type HandleUse, toolError, withoutHandle } from './handles.ts';

const UNKNOWN = toolError(
  `there is no such session: it has ended or expired, or never existed; ${CREATE} creates one`,
);
const DENIED = toolError('the server does not let this client use the session');
const NO_SESSIONS = toolError('this server keeps no sessions');
const ENDED: JsonObject = { content: [{ type: 'text', text: 'the session has ended' }] };
const NOT_ENDED = toolError('this server does not let clients end sessions');

/** Serves a call that names a session, or asks for one. `sessions` is the way of clients that keep sessions. */
export function serveHandle(
  sessions: Handler,
  use: HandleUse,
  asking: Asking,
  profile: LegacyGuest,
  exchange: Exchange,
): void {
  if (use.kind === 'create') create(sessions, asking, profile);
  else if (use.kind === 'invalid') sendResult(asking.sequence.target, jsonText(asking.message.id), UNKNOWN);
  else if (use.kind === 'end') end(sessions, use.session, asking, profile);
  else enter(sessions, use.session, asking, profile, exchange);
}

/** Opens a session as a client does that keeps sessions. */
function create(sessions: Handler, { message, sequence }: Asking, profile: LegacyGuest): void {
  const { request } = message;
  const id = jsonText(message.id);
  const about = 'a new session';
  const opened = probeTarget(sequence.target, {
    id,
    about,
    judge: judgeInitialize,
    proceed({ headers }) {
      const session = header(headers, 'mcp-session-id');
      if (session === undefined) return sendResult(sequence.target, id, NO_SESSIONS);
      const notified = probeTarget(sequence.target, {
        id,
        about,
        judge: verdictByStatus,
        proceed: () => sendResult(sequence.target, id, created(session)),
      });
      const notification = forGuest(messageFor(request, INITIALIZED), profile);
      sequence.next(() => sessions(inSession(notification, session), notified));
    },
  });
  const initialize = messageFor(request, initializeMessage(id, NEWEST_WITH_SESSIONS).message);
  sequence.next(() => sessions(forGuest(initialize, profile), opened));
}

function end(sessions: Handler, session: string, { message, sequence }: Asking, profile: LegacyGuest): void {
  const id = jsonText(message.id);
  const ended = probeTarget(sequence.target, {
    id,
    about: 'the end of a session',
    judge: (result) =>
      result.status === 405 || refusalOf(result.status, result.headers) ? 'proceed' : verdictByStatus(result),
    proceed({ status, headers }) {
      const result = status === 405 ? NOT_ENDED : (refusalOf(status, headers) ?? ENDED);
      sendResult(sequence.target, id, result);
    },
  });
  const request = withoutBody(inSession(forGuest(message.request, profile), session), 'DELETE');
  sequence.next(() => sessions(request, ended));
}

function enter(
  sessions: Handler,
  session: string,
  { message, sequence }: Asking,
  profile: LegacyGuest,
  exchange: Exchange,
): void {
  exchange.replaces = refusalOf;
  const request = forGuest({ ...message.request, headers: exchange.guestHeaders }, profile);
  sequence.last(() => sessions(inSession(stripped(request), session), sequence.target));
}

/** What a call returns when the guest refuses the session: a challenge is for the client itself. */
function refusalOf(status: number, headers: readonly string[]): JsonObject | undefined {
  if (status === 404) return UNKNOWN;
  return status === 403 && header(headers, 'www-authenticate') === undefined ? DENIED : undefined;
}

function stripped(request: GuestRequest): GuestRequest {
  const text = Buffer.from(request.body as Uint8Array).toString();
  const body = Buffer.from(JSON.stringify(withoutHandle(parseExactly(text) as Record<string, unknown>)));
  const { headers } = request;
  const announced = header(headers, 'content-length') !== undefined;
  return {
    ...request,
    headers: announced ? withHeader(headers, 'content-length', String(body.length)) : headers,
    body,
  };
}

function judgeInitialize(result: ProbeResult): Verdict {
  const verdict = verdictByStatus(result);
  if (verdict === 'proceed') return isObject(result.response?.result) ? 'proceed' : 'relay';
  return verdict === 'refused' ? 'relay' : verdict;
}
