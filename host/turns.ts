import { performance } from 'node:perf_hooks';

/** Milliseconds that a guest may keep its thread from timers, messages and other guests; a call in progress may exceed it. */
const SLICE = 5;

/**
 * Shares a thread between its guests and its event loop. Without it, a guest that never has to wait would keep everything else
 * from running.
 */
export interface Turns {
  /**
   * Begins a request with its own time slice. A guest that finishes within it is not suspended, however many others there are:
   * each suspended guest occupies an instance.
   */
  begin(): void;
  /** Whether the guest has used up its slice: if it can be suspended now, it should wait for `next`. */
  due(): boolean;
  /** Resolves after a turn of the event loop, for one guest in each turn. */
  next(): Promise<void>;
}

export function createTurns(): Turns {
  const waiting: (() => void)[] = [];
  let began = 0;
  let loop = -1;

  function begin(): void {
    began = performance.now();
    loop = loopCount();
  }

  function resumeOne(): void {
    begin();
    waiting.shift()?.();
    // An immediate set while immediates run belongs to the next turn: timers and messages run in between.
    if (waiting.length > 0) setImmediate(resumeOne);
  }

  return {
    begin,
    due() {
      if (performance.now() - began < SLICE) return false;
      if (loop === loopCount()) return true;
      // The event loop has turned since then, as the guest was waiting.
      begin();
      return false;
    },
    next() {
      if (waiting.length === 0) setImmediate(resumeOne);
      return new Promise((resolve) => waiting.push(resolve));
    },
  };
}

/** Number of turns of this thread's event loop so far. */
function loopCount(): number {
  return performance.nodeTiming.uvMetricsInfo.loopCount;
}
