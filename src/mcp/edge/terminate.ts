import type { GuestRequest, Handler } from '../../http/handler.ts';
import { METHOD_NOT_FOUND, sendEmptyResult, sendError, withoutBody } from './messages.ts';
import { probeTarget, verdictByStatus } from './probe.ts';
import type { RequestSequence } from './request-sequence.ts';

/** The guest lets no client end a session (MCP, "Session Management"). */
const NOT_ALLOWED = 405;

/** Ends a session by the request of HTTP that does it, for a client that asked by a message. */
export function terminate(
  handle: Handler,
  request: GuestRequest,
  id: Uint8Array | undefined,
  sequence: RequestSequence,
): void {
  const { target } = sequence;
  const ended = probeTarget(target, {
    id,
    about: 'to end the session',
    judge: (answer) => (answer.status === NOT_ALLOWED ? 'proceed' : verdictByStatus(answer)),
    proceed({ status }) {
      if (status !== NOT_ALLOWED) return sendEmptyResult(target, id);
      const text = 'this server lets no client end a session';
      sendError(target, id, { status: 200, code: METHOD_NOT_FOUND, text });
    },
  });
  sequence.next(() => handle(withoutBody(request, 'DELETE'), ended));
}
