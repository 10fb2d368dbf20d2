import type { GuestRequest, Handler } from '../../http/handler.ts';
import { answerDone, answerError, METHOD_NOT_FOUND, withoutBody } from './messages.ts';
import { answerOf, byStatus } from './own-request.ts';
import type { Steps } from './steps.ts';

/** The guest lets no client end a session (MCP, "Session Management"). */
const NOT_ALLOWED = 405;

/** Ends a session by the request of HTTP that does it, for a client that asked by a message. */
export function terminate(
  handle: Handler,
  request: GuestRequest,
  id: Uint8Array | undefined,
  steps: Steps,
): void {
  const { target } = steps;
  const ended = answerOf(target, {
    id,
    about: 'to end the session',
    judge: (answer) => (answer.status === NOT_ALLOWED ? 'go' : byStatus(answer)),
    go({ status }) {
      if (status !== NOT_ALLOWED) return answerDone(target, id);
      const text = 'this server lets no client end a session';
      answerError(target, id, { status: 200, code: METHOD_NOT_FOUND, text });
    },
  });
  steps.next(() => handle(withoutBody(request, 'DELETE'), ended));
}
