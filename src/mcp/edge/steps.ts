import type { Call, ResponseTarget } from '../../engine/request.ts';

/** A client's request that takes several of ours, one after another. */
export interface Steps {
  /** Where the client's answer goes. */
  readonly target: ResponseTarget;
  /** Takes the next step, unless the client has its answer or has gone. */
  next(step: () => Call): void;
  /** For the client: its leaving ends the step under way, and there is no other. */
  readonly call: Call;
}

export function createSteps({ head, chunk, end, fail }: ResponseTarget): Steps {
  let over = false;
  let taken = 0;
  let current: Call | undefined;

  return {
    target: {
      head,
      chunk,
      end(trailers) {
        over = true;
        end(trailers);
      },
      fail(error) {
        over = true;
        fail(error);
      },
    },
    next(step) {
      if (over) return;
      taken += 1;
      const turn = taken;
      const call = step();
      // A step that is over at once has taken the next one already.
      if (turn === taken) current = call;
    },
    call: {
      gone() {
        // Guests may have more to do than the client waits for.
        if (over) return;
        over = true;
        current?.gone();
      },
    },
  };
}
