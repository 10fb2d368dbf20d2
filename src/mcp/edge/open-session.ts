import type { GuestRequest, Handler } from '../../http/handler.ts';
import { header } from './headers.ts';
import type { Initialize } from './initialize.ts';
import { INITIALIZED, initializeMessage, messageFor } from './messages.ts';
import { type ProbeAnswer, probeTarget, type Verdict, verdictByStatus } from './probe.ts';
import type { RequestSequence } from './request-sequence.ts';
import { inSession } from './session.ts';

/** What a server has to assume of a client that does not say (MCP 2025-06-18, "Protocol Version Header"). */
const ASSUMED_VERSION = '2025-03-26';

/** Opens a session for a client that has none. */
export type OpenSession = (
  request: GuestRequest,
  id: Uint8Array | undefined,
  sequence: RequestSequence,
  /** `session` is undefined when the guest gave none; `keepsNone` when it said nothing else, as guests without sessions do. */
  opened: (session: string | undefined, keepsNone: boolean) => void,
) => void;

const ABOUT = 'for a session';

/** A refusal to open one is the client's answer, under the id of its request. */
export function createOpenSession(handle: Handler, initialize: Initialize): OpenSession {
  return (request, id, sequence, opened) => {
    const version = header(request.headers, 'mcp-protocol-version') ?? ASSUMED_VERSION;
    const target = probeTarget(sequence.target, {
      id,
      about: ABOUT,
      judge,
      proceed({ headers, response }) {
        const session = header(headers, 'mcp-session-id');
        if (session === undefined) return opened(undefined, response !== undefined);
        const initialized = inSession(messageFor(request, INITIALIZED), session);
        const told = probeTarget(sequence.target, {
          id,
          about: ABOUT,
          judge: verdictByStatus,
          proceed: () => opened(session, false),
        });
        sequence.next(() => handle(initialized, told));
      },
    });
    const { message, protocolVersion } = initializeMessage(id, version);
    initialize(messageFor(request, message), protocolVersion, sequence, target);
  };
}

/** The question has the client's id: what the guest says to it, the client may read. */
function judge(answer: ProbeAnswer): Verdict {
  const verdict = verdictByStatus(answer);
  if (verdict === 'proceed') return answer.response?.error === undefined ? 'proceed' : 'relay';
  return verdict === 'refused' ? 'relay' : verdict;
}
