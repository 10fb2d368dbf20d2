import type { RequestHandle } from '../../http/handler.ts';
import { type ResponseWriter, wrapResponse } from '../../http/response.ts';

/** A client's request that causes several requests to guests, one after another. */
export interface RequestSequence {
  /** Where the client's response goes. The targets of all steps wrap it: it counts the guests that still work. */
  readonly target: ResponseWriter;
  /** Takes the next step, unless the client has its response or has gone. */
  next(step: () => RequestHandle): void;
  /** Takes the step that passes on the client's own request, with its body. */
  last(step: () => RequestHandle): void;
  /** The client has its response, and the guest continues for another request of the client: canceling this one ends nothing. */
  release(): void;
  /** For the client: canceling ends the current step, and there is no other. */
  readonly call: RequestHandle;
}

/** Returned by a step that has no guest, and that has not called `finished`. */
export const NO_GUEST: RequestHandle = { cancel() {}, stop() {} };

/** `dropped` is called when the sequence ends before the client's own request was passed on. */
export function createRequestSequence(client: ResponseWriter, dropped: () => void): RequestSequence {
  let over = false;
  let passedOn = false;
  let count = 0;
  /** Guests that work for the client. */
  let working = 0;
  let reported = false;
  let current: RequestHandle | undefined;

  function finish(report: () => void): void {
    over = true;
    report();
    if (!passedOn) dropped();
    endIfIdle();
  }

  function finished(): void {
    working -= 1;
    endIfIdle();
  }

  function endIfIdle(): void {
    if (!over || working > 0 || reported) return;
    reported = true;
    client.finished();
  }

  function next(step: () => RequestHandle): void {
    if (over) return;
    count += 1;
    const position = count;
    working += 1;
    const call = step();
    if (call === NO_GUEST) finished();
    // A step that ends synchronously has taken the next one already.
    if (position === count) current = call;
  }

  return {
    target: wrapResponse(client, {
      // The responses to earlier steps have led to this one.
      head: (status, headers, isIndependent) => client.head(status, headers, isIndependent && count === 1),
      end: (trailers) => finish(() => client.end(trailers)),
      fail: (error) => finish(() => client.fail(error)),
      finished,
    }),
    next,
    last(step) {
      passedOn ||= !over;
      next(step);
    },
    release() {
      over = true;
    },
    call: {
      cancel() {
        // A guest may continue after its response; then only `finished` is due.
        if (!over) finish(() => current?.cancel());
      },
      stop(failure) {
        if (!over) current?.stop(failure);
      },
    },
  };
}
