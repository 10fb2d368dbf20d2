import { INVALID_REQUEST, sendError } from './messages.ts';
import { type MessageHandler, mayBeOwned } from './stages.ts';

/** Refuses contradictory messages in sessions that may be owned: the guest could read a request where we read none. */
export function withoutContradictions(next: MessageHandler): MessageHandler {
  return (message) => {
    const { request, envelope, target } = message;
    if (!envelope.contradictory || !mayBeOwned(request)) return next(message);
    const text = 'a member occurs twice or in different case, or a method beside a result';
    sendError(target, undefined, { status: 400, code: INVALID_REQUEST, text });
  };
}
