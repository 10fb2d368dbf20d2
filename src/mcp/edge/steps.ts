import type { Call, ResponseTarget } from '../../engine/request.ts';

/** A client's request that takes several of ours, one after another. */
export interface Steps {
  /** Where the client's answer goes. */
  readonly target: ResponseTarget;
  /** Takes the next step, unless the client has its answer or has gone. */
  next(step: () => Call): void;
  /** The same for the step that passes on the client's own request, with its body. */
  last(step: () => Call): void;
  /** For the client: its leaving ends the step under way, and there is no other. */
  readonly call: Call;
}

/** `dropped` is called when it is over before the client's own request was passed on. */
export function createSteps({ head, chunk, end, fail }: ResponseTarget, dropped: () => void): Steps {
  let over = false;
  let passedOn = false;
  let taken = 0;
  let current: Call | undefined;

  function finish(tell: () => void): void {
    over = true;
    tell();
    if (!passedOn) dropped();
  }

  function next(step: () => Call): void {
    if (over) return;
    taken += 1;
    const turn = taken;
    const call = step();
    // A step that is over at once has taken the next one already.
    if (turn === taken) current = call;
  }

  return {
    target: {
      head,
      chunk,
      end: (trailers) => finish(() => end(trailers)),
      fail: (error) => finish(() => fail(error)),
    },
    next,
    last(step) {
      passedOn ||= !over;
      next(step);
    },
    call: {
      gone() {
        // Guests may have more to do than the client waits for.
        if (!over) finish(() => current?.gone());
      },
    },
  };
}
