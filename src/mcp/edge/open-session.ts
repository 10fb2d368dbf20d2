import type { GuestRequest, Handler } from '../../http/handler.ts';
import { header } from './headers.ts';
import type { Initialize } from './initialize.ts';
import { INITIALIZED, initializeMessage, messageFor } from './messages.ts';
import { answerOf, byStatus, type OwnAnswer, type Verdict } from './own-request.ts';
import { inSession } from './session.ts';
import type { Steps } from './steps.ts';

/** What a server has to assume of a client that does not say (MCP 2025-06-18, "Protocol Version Header"). */
const ASSUMED_VERSION = '2025-03-26';

/** Opens a session for a client that has none. */
export type OpenSession = (
  request: GuestRequest,
  id: Uint8Array | undefined,
  steps: Steps,
  /** `session` is undefined when the guest gave none; `keepsNone` when it said nothing else, as guests without sessions do. */
  opened: (session: string | undefined, keepsNone: boolean) => void,
) => void;

const ABOUT = 'for a session';

/** A refusal to open one is the client's answer, under the id of its request. */
export function createOpenSession(handle: Handler, initialize: Initialize): OpenSession {
  return (request, id, steps, opened) => {
    const version = header(request.headers, 'mcp-protocol-version') ?? ASSUMED_VERSION;
    const target = answerOf(steps.target, {
      id,
      about: ABOUT,
      judge,
      go({ headers, response }) {
        const session = header(headers, 'mcp-session-id');
        if (session === undefined) return opened(undefined, response !== undefined);
        const initialized = inSession(messageFor(request, INITIALIZED), session);
        const told = answerOf(steps.target, {
          id,
          about: ABOUT,
          judge: byStatus,
          go: () => opened(session, false),
        });
        steps.next(() => handle(initialized, told));
      },
    });
    const { message, protocolVersion } = initializeMessage(id, version);
    initialize(messageFor(request, message), protocolVersion, steps, target);
  };
}

/** The question has the client's id: what the guest says to it, the client may read. */
function judge(answer: OwnAnswer): Verdict {
  const verdict = byStatus(answer);
  if (verdict === 'go') return answer.response?.error === undefined ? 'go' : 'relay';
  return verdict === 'refused' ? 'relay' : verdict;
}
