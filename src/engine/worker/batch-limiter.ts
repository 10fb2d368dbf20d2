import { Table } from '../../../host/index.ts';
import { afterMicrotasks } from '../../process/microtasks.ts';
import type { Runner, RunnerMessage } from './runner.ts';

/** Begins requests in order, and yields to the event loop regularly. */
export interface BatchLimiter {
  take(message: RunnerMessage): void;
  /** Requests wait here, for their turn or the next one. */
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
  runner: Pick<Runner, 'receive' | 'refuse'>,
  turn: number,
  clock: TurnClock = EVENT_LOOP,
): BatchLimiter {
  /** Requests, each with the messages that follow it. Messages about others must not wait for them. */
  const waiting = new Table<number, RunnerMessage[]>();
  /** When the first request of this turn of the event loop was begun. */
  let began: number | undefined;

  function mayBegin(): boolean {
    if (began !== undefined) return clock.now() - began < turn;
    began = clock.now();
    clock.next(turned);
    return true;
  }

  function turned(): void {
    began = undefined;
    beginWaiting();
  }

  function beginWaiting(): void {
    if (waiting.size === 0 || !mayBegin()) return;
    for (const message of waiting.shift()!) runner.receive(message);
    if (waiting.size > 0) clock.settled(beginWaiting);
  }

  function takeRequest(request: RunnerMessage): void {
    if (waiting.size === 0 && mayBegin()) runner.receive(request);
    else waiting.add(request.id, [request]);
  }

  function takeOther(message: Exclude<RunnerMessage, { type: 'request' }>): void {
    const before = waiting.get(message.id);
    if (before === undefined) runner.receive(message);
    else if (message.type !== 'abort') before.push(message);
    else {
      // Nobody waits for it any more, and those that still have time would wait until it was begun and ended.
      waiting.delete(message.id);
      runner.refuse(message.id, message.reason);
    }
  }

  return {
    take(message) {
      if (message.type === 'request') takeRequest(message);
      else takeOther(message);
    },
    get waits() {
      return waiting.size > 0;
    },
  };
}
