import type { RunnerMessage } from './runner.ts';

/** Passes on messages about requests in order, and yields to the event loop regularly. */
export interface BatchLimiter {
  take(message: RunnerMessage): void;
  /** Messages wait here, for their turn or the next one. */
  readonly waits: boolean;
}

/** Milliseconds, and turns of the event loop. */
export interface TurnClock {
  now(): number;
  /** Calls this in the next turn. */
  next(turned: () => void): void;
}

const EVENT_LOOP: TurnClock = { now: () => performance.now(), next: (turned) => void setImmediate(turned) };

/** Requests are begun one after another for at most `turn` milliseconds. */
export function createBatchLimiter(
  pass: (message: RunnerMessage) => void,
  turn: number,
  clock: TurnClock = EVENT_LOOP,
): BatchLimiter {
  let waiting: RunnerMessage[] = [];
  /** When the first request of this turn of the event loop was begun. */
  let began: number | undefined;
  /** Messages that waited for this turn and are not passed on yet. */
  let left = 0;

  function mayBegin(): boolean {
    if (began !== undefined) return clock.now() - began < turn;
    began = clock.now();
    clock.next(turned);
    return true;
  }

  function take(message: RunnerMessage): void {
    // Messages about a request must follow it.
    if (waiting.length > 0 || (message.type === 'request' && !mayBegin())) waiting.push(message);
    else pass(message);
  }

  function turned(): void {
    began = undefined;
    const messages = waiting;
    waiting = [];
    left = messages.length;
    for (const message of messages) {
      left -= 1;
      take(message);
    }
  }

  return {
    take,
    get waits() {
      return left + waiting.length > 0;
    },
  };
}
