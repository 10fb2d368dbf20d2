import { performance } from 'node:perf_hooks';

/** Milliseconds that a guest may keep its thread from timers, messages and others; a call already begun comes on top. */
const SLICE = 5;

/**
 * Shares a thread between its guests and its event loop. A guest whose calls are always ready never waits, so nothing else
 * would ever run.
 */
export interface Turns {
  /**
   * A guest begins a request: it has a slice of its own. One that is done within it is not suspended, however many others
   * are there at the same time: each that is suspended half-way keeps an instance from them.
   */
  begin(): void;
  /** The guest has kept the thread for long: if it may be suspended now, it should wait for `next`. */
  due(): boolean;
  /** Settles after the event loop has turned, for one guest at each turn. */
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
    // One set while immediates run is for the next turn: timers and messages come in between.
    if (waiting.length > 0) setImmediate(resumeOne);
  }

  return {
    begin,
    due() {
      if (performance.now() - began < SLICE) return false;
      if (loop === loopCount()) return true;
      // It has turned since then, without us: something else was waited for.
      begin();
      return false;
    },
    next() {
      if (waiting.length === 0) setImmediate(resumeOne);
      return new Promise((resolve) => waiting.push(resolve));
    },
  };
}

/** How often the event loop of this thread has turned. */
function loopCount(): number {
  return performance.nodeTiming.uvMetricsInfo.loopCount;
}
