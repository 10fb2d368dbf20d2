import type { GuestRequest, Handle } from '../../engine/request.ts';
import { atHead } from './at-head.ts';
import { answerDone, answerError, METHOD_NOT_FOUND, withoutBody } from './messages.ts';
import type { Steps } from './steps.ts';

/** Ends a session by the request of HTTP that does it, for a client that asked by a message. */
export function terminate(
  handle: Handle,
  request: GuestRequest,
  id: Uint8Array | undefined,
  steps: Steps,
): void {
  const { target } = steps;
  let allowed = true;
  const ended = atHead(
    target,
    (status) => {
      allowed = status !== 405;
      return status < 300 || !allowed ? undefined : target;
    },
    () => {
      if (allowed) return answerDone(target, id);
      const text = 'this server lets no client end a session';
      answerError(target, id, { status: 200, code: METHOD_NOT_FOUND, text });
    },
  );
  steps.next(() => handle(withoutBody(request, 'DELETE'), ended));
}
