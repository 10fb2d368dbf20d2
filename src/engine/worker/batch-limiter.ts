import { afterMicrotasks } from '../../process/microtasks.ts';
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
  /** Calls this in the same turn, once guests that were just begun have finished, or wait for another turn. */
  settled(passed: () => void): void;
}

const EVENT_LOOP: TurnClock = {
  now: () => performance.now(),
  next: (turned) => void setImmediate(turned),
  settled: afterMicrotasks,
};

/**
 * Requests are begun one after another for at most `turn` milliseconds. Those that had to wait are begun once the guest before has
 * finished, if it need not wait: otherwise each would need an instance of its own.
 */
export function createBatchLimiter(
  pass: (message: RunnerMessage) => void,
  turn: number,
  clock: TurnClock = EVENT_LOOP,
): BatchLimiter {
  const waiting: RunnerMessage[] = [];
  /** When the first request of this turn of the event loop was begun. */
  let began: number | undefined;

  function mayPass({ type }: RunnerMessage): boolean {
    if (type !== 'request') return true;
    if (began !== undefined) return clock.now() - began < turn;
    began = clock.now();
    clock.next(turned);
    return true;
  }

  function turned(): void {
    began = undefined;
    passWaiting();
  }

  function passWaiting(): void {
    if (waiting.length === 0 || !mayPass(waiting[0]!)) return;
    pass(waiting.shift()!);
    if (waiting.length > 0) clock.settled(passWaiting);
  }

  return {
    take(message) {
      // Messages about a request must follow it.
      if (waiting.length === 0 && mayPass(message)) pass(message);
      else waiting.push(message);
    },
    get waits() {
      return waiting.length > 0;
    },
  };
}
