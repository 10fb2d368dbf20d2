import type { Collect } from './collect.ts';
import type { Ledger } from './ledger.ts';
import { refusal } from './ledger.ts';

/** Milliseconds between two requests to workers for what they can do without, and until an ended guest's memory is gone. */
const PRESS_INTERVAL = 250;

/** The part of the limit above which memory is asked back. */
const PRESS_PART = 0.8;

/** The part of the limit above which a guest is ended: those that ask are refused before. And one after another. */
const SACRIFICE_PART = 1.05;
const URGENT_PART = 1.15;

/** Milliseconds without a request until the memory of the last ones goes back to the system. */
const QUIET = 2000;

/** What the watch asks of the workers. */
export interface MemoryWorkers {
  /** All give up idle instances and collect their garbage, as soon as they take messages. */
  press(): void;
  /** Those that run nothing collect their garbage. */
  collectIdle(): void;
  /** Ends the guest that seems to hold most. */
  sacrifice(reason: string): void;
}

/** Keeps the process within its budget. */
export interface MemoryWatch {
  /** Measures, and does what has to be done; to be called all the time while guests run. */
  look(): void;
  /** Nothing runs any more: soon the memory of the last requests goes back. */
  quiet(): void;
  /** Something runs again. */
  busy(): void;
  close(): void;
}

export interface MemoryWatchOptions {
  readonly ledger: Ledger;
  readonly workers: MemoryWorkers;
  readonly collect: Collect;
  /** Bytes that the process holds. */
  readonly measure?: () => number;
}

/** The system tells it through a file, which cannot be opened while the process has as many open as it may: then as before. */
export function createMeasure(read: () => number = () => process.memoryUsage.rss()): () => number {
  let last = 0;
  return () => {
    try {
      last = read();
    } catch {}
    return last;
  };
}

export function createMemoryWatch(options: MemoryWatchOptions): MemoryWatch {
  const { ledger, workers, collect, measure = createMeasure() } = options;
  let pressedAt = Number.NEGATIVE_INFINITY;
  let sacrificedAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;

  function press(): void {
    if (performance.now() - pressedAt < PRESS_INTERVAL) return;
    pressedAt = performance.now();
    workers.press();
  }

  /** What the last one held has to be gone first, unless there is no time for that. */
  function sacrifice(bytes: number): void {
    const isUrgent = bytes > ledger.limit * URGENT_PART;
    if (!isUrgent && performance.now() - sacrificedAt < PRESS_INTERVAL) return;
    sacrificedAt = performance.now();
    workers.sacrifice(refusal(bytes, ledger.limit));
  }

  function goBack(): void {
    timer = undefined;
    workers.collectIdle();
    collect();
    // Workers are done by then; whoever waits for room sees it.
    timer = setTimeout(() => {
      timer = undefined;
      ledger.measured(measure());
    }, PRESS_INTERVAL).unref();
  }

  return {
    look() {
      const bytes = measure();
      ledger.measured(bytes);
      if (bytes > ledger.limit * PRESS_PART) press();
      if (bytes > ledger.limit * SACRIFICE_PART) sacrifice(bytes);
    },
    quiet() {
      timer ??= setTimeout(goBack, QUIET).unref();
    },
    busy() {
      clearTimeout(timer);
      timer = undefined;
    },
    close() {
      clearTimeout(timer);
    },
  };
}
