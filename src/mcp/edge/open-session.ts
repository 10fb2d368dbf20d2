import type { GuestRequest, Handler } from '../../http/handler.ts';
import { header } from '../../http/headers.ts';
import { type ResponseWriter, wrapResponse } from '../../http/response.ts';
import { createInference } from './inference.ts';
import { type Initialize, supportsSessions } from './initialize.ts';
import { INITIALIZED, initializeMessage, messageFor } from './messages.ts';
import { type ProbeResult, probeTarget, type Verdict, verdictByStatus } from './probe.ts';
import { inSession, sessionOf, withSessionHeader } from './session.ts';
import type { SessionOwners } from './session-owners.ts';
import type { McpMessage, MessageHandler } from './stages.ts';

/** The version that a server assumes when the client does not name one (MCP 2025-06-18, "Protocol Version Header"). */
const ASSUMED_VERSION = '2025-03-26';

const ABOUT = 'a new session';

/** Opens sessions for clients that send requests without one. */
export interface SessionOpener {
  /** Whether the request will be given a session. */
  appliesTo(request: GuestRequest): boolean;
  /** Opens a session for each request that needs one, and tells the client its id. */
  readonly stage: (next: MessageHandler) => MessageHandler;
  /** Detects the session that a client's own `initialize` has opened. */
  observe(request: GuestRequest, target: ResponseWriter): ResponseWriter;
}

/** What the guest returned for an `initialize`. */
interface Opened {
  readonly session: string | undefined;
  /** It succeeded without giving a session, as guests without sessions do. */
  readonly withoutSession: boolean;
}

export function createSessionOpener(
  guest: Handler,
  initialize: Initialize,
  owners: SessionOwners,
): SessionOpener {
  /** The guest keeps no sessions: it returned no id for `initialize`, and accepted the request without one. */
  const sessionless = createInference();

  function forward(next: MessageHandler, message: McpMessage, { session, withoutSession }: Opened): void {
    const { request, target } = message;
    if (session !== undefined) {
      sessionless.refute();
      owners.confirm(request, session);
      next({
        ...message,
        isFirst: true,
        request: inSession(request, session),
        target: withSessionHeader(target, session),
      });
    } else if (withoutSession) {
      next({ ...message, target: onSuccess(target, sessionless.confirm) });
    } else {
      next(message);
    }
  }

  function appliesTo(request: GuestRequest): boolean {
    return !sessionless.holds() && sessionOf(request) === undefined && supportsSessions(request);
  }

  return {
    appliesTo,
    stage: (next) => (message) => {
      if (message.envelope.kind !== 'request' || !appliesTo(message.request)) return next(message);
      open(guest, initialize, message, (opened) => forward(next, message, opened));
    },
    observe: (request, target) =>
      wrapResponse(target, {
        head(status, headers) {
          const session = header(headers, 'mcp-session-id');
          if (session !== undefined) {
            sessionless.refute();
            owners.confirm(request, session);
          }
          target.head(status, headers);
        },
      }),
  };
}

/** Sends `initialize` and `notifications/initialized`. A refusal is the client's response, under the id of its request. */
function open(
  guest: Handler,
  initialize: Initialize,
  { request, envelope: { id }, sequence }: McpMessage,
  opened: (result: Opened) => void,
): void {
  const version = header(request.headers, 'mcp-protocol-version') ?? ASSUMED_VERSION;
  const initialized = probeTarget(sequence.target, {
    id,
    about: ABOUT,
    judge,
    proceed(result) {
      const session = header(result.headers, 'mcp-session-id');
      if (session === undefined) return opened({ session, withoutSession: result.response !== undefined });
      const notified = probeTarget(sequence.target, {
        id,
        about: ABOUT,
        judge: verdictByStatus,
        proceed: () => opened({ session, withoutSession: false }),
      });
      sequence.next(() => guest(inSession(messageFor(request, INITIALIZED), session), notified));
    },
  });
  const { message, protocolVersion } = initializeMessage(id, version);
  initialize(messageFor(request, message), protocolVersion, sequence, initialized);
}

/** The probe has the client's id, so the client can read what the guest returns for it. */
function judge(result: ProbeResult): Verdict {
  const verdict = verdictByStatus(result);
  if (verdict === 'proceed') return result.mayHaveError && result.response?.error ? 'relay' : 'proceed';
  return verdict === 'refused' ? 'relay' : verdict;
}

function onSuccess(target: ResponseWriter, succeeded: () => void): ResponseWriter {
  return wrapResponse(target, {
    head(status, headers) {
      if (status < 300) succeeded();
      target.head(status, headers);
    },
  });
}
