import type { RequestHandle } from '../../http/handler.ts';
import { type ResponseWriter, wrapResponse } from '../../http/response.ts';

/** A client's request that takes several of ours, one after another. */
export interface RequestSequence {
  /** Where the client's answer goes. Targets of all sequence are made of it: it counts the guests that are not done. */
  readonly target: ResponseWriter;
  /** Takes the next step, unless the client has its answer or has gone. */
  next(step: () => RequestHandle): void;
  /** The same for the step that passes on the client's own request, with its body. */
  last(step: () => RequestHandle): void;
  /** For the client: its leaving ends the step under way, and there is no other. */
  readonly call: RequestHandle;
}

/** Of a step that has no guest. */
export const NO_GUEST: RequestHandle = { cancel() {} };

/** `dropped` is called when it is over before the client's own request was passed on. */
export function createRequestSequence(client: ResponseWriter, dropped: () => void): RequestSequence {
  let over = false;
  let passedOn = false;
  let taken = 0;
  /** Guests that work for the client. */
  let working = 0;
  let told = false;
  let current: RequestHandle | undefined;

  function finish(tell: () => void): void {
    over = true;
    tell();
    if (!passedOn) dropped();
    endIfIdle();
  }

  function finished(): void {
    working -= 1;
    endIfIdle();
  }

  function endIfIdle(): void {
    if (!over || working > 0 || told) return;
    told = true;
    client.finished();
  }

  function next(step: () => RequestHandle): void {
    if (over) return;
    taken += 1;
    const turn = taken;
    working += 1;
    const call = step();
    if (call === NO_GUEST) finished();
    // A step that is over at once has taken the next one already.
    if (turn === taken) current = call;
  }

  return {
    target: wrapResponse(client, {
      end: (trailers) => finish(() => client.end(trailers)),
      fail: (error) => finish(() => client.fail(error)),
      finished,
    }),
    next,
    last(step) {
      passedOn ||= !over;
      next(step);
    },
    call: {
      cancel() {
        // Guests may have more to do than the client waits for.
        if (!over) finish(() => current?.cancel());
      },
    },
  };
}
