import type { GuestRequest, Handler } from '../../../http/handler.ts';
import { header } from '../../../http/headers.ts';
import { NEWEST_WITH_SESSIONS } from '../../edge/initialize.ts';
import { INITIALIZED, initializeMessage, messageFor, withoutBody } from '../../edge/messages.ts';
import { type ProbeResult, probeTarget, type Verdict, verdictByStatus } from '../../edge/probe.ts';
import { inSession } from '../../edge/session.ts';
import { isObject, type JsonObject, jsonText } from '../client-message.ts';
import type { LegacyGuest } from '../guest.ts';
import type { Asking } from '../guest-profile.ts';
import { forGuest } from '../own-session.ts';

const ABOUT = 'a new session';

/**
 * Opens a session as a client with these capabilities does that keeps sessions; `sessions` is the way of such clients. `opened` gets undefined from a guest
 * without sessions. If the guest refuses, the client gets its refusal.
 */
export function openGuestSession(
  sessions: Handler,
  { message, sequence }: Asking,
  profile: LegacyGuest,
  capabilities: JsonObject,
  opened: (session: string | undefined) => void,
): void {
  const { request } = message;
  const id = jsonText(message.id);
  const initialized = probeTarget(sequence.target, {
    id,
    about: ABOUT,
    judge: judgeInitialize,
    proceed({ headers }) {
      const session = header(headers, 'mcp-session-id');
      if (session === undefined) return opened(undefined);
      const notified = probeTarget(sequence.target, {
        ...{ id, about: ABOUT, judge: verdictByStatus },
        proceed: () => opened(session),
      });
      const notification = forGuest(messageFor(request, INITIALIZED), profile);
      sequence.next(() => sessions(inSession(notification, session), notified));
    },
  });
  const initialize = messageFor(request, initializeMessage(id, NEWEST_WITH_SESSIONS, capabilities).message);
  sequence.next(() => sessions(forGuest(initialize, profile), initialized));
}

/** The request with which a client ends its session. */
export function endOf(session: string, request: GuestRequest, profile: LegacyGuest): GuestRequest {
  return withoutBody(inSession(forGuest(request, profile), session), 'DELETE');
}

/** Ends a session that nobody knows of, whatever the guest returns. */
export function dropGuestSession(
  sessions: Handler,
  session: string,
  { message, sequence }: Asking,
  profile: LegacyGuest,
  dropped: () => void,
): void {
  const target = probeTarget(sequence.target, {
    ...{ id: jsonText(message.id), about: 'the end of a session' },
    judge: () => 'proceed',
    proceed: dropped,
  });
  sequence.next(() => sessions(endOf(session, message.request, profile), target));
}

function judgeInitialize(result: ProbeResult): Verdict {
  const verdict = verdictByStatus(result);
  if (verdict === 'proceed') return isObject(result.response?.result) ? 'proceed' : 'relay';
  return verdict === 'refused' ? 'relay' : verdict;
}
