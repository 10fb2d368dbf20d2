import type { Collect } from './collect.ts';
import type { Ledger } from './ledger.ts';
import { refusal } from './ledger.ts';

/** Milliseconds between two requests to workers to free memory, and until the memory of an ended guest is freed. */
const PRESS_INTERVAL = 250;

/** The fraction of the limit above which workers are asked to free memory. */
const PRESS_PART = 0.8;

/** The fraction of the limit above which a guest is ended; guests that ask for memory are refused before that. */
const SACRIFICE_PART = 1.05;
/** The fraction of the limit above which the next guest is ended without a pause. */
const URGENT_PART = 1.15;

/** Milliseconds between two measurements while guests run. */
const INTERVAL = 50;

/**
 * Milliseconds without a request until the memory of the last ones is returned to the system, and from how many bytes on: much
 * soon, a little later, and less not at all. A full collection costs optimized code, as V8 deoptimizes what refers to objects
 * that are gone: the next thousands of requests take half as long again.
 */
const QUIET = 2000;
const MUCH: number = 64 * 1024 ** 2;
const LONG_QUIET = 20_000;
const LITTLE: number = 16 * 1024 ** 2;

/** Milliseconds that threads may take for collecting everything. */
const COLLECTION = 1000;

/** What the memory watch asks of the workers. */
export interface MemoryWorkers {
  /** Number of guests. */
  readonly load: number;
  /** All workers discard idle instances and collect garbage, as soon as they take messages. */
  press(): void;
  /** Workers that run nothing collect everything, see `Collect`. */
  collectIdle(): void;
  /** Ends the guest that seems to be the largest. */
  sacrifice(reason: string): void;
  /** Memory was measured: there may be room for waiting requests. */
  measured(): void;
}

/** Keeps the process within its memory budget. */
export interface MemoryWatch {
  /**
   * A guest runs. Measures and acts until no guest runs any more, and returns the memory of the last requests to the system soon
   * after that.
   */
  busy(): void;
  close(): void;
}

export interface MemoryWatchOptions {
  readonly ledger: Ledger;
  readonly workers: MemoryWorkers;
  readonly collect: Collect;
  /** Bytes that the process uses. */
  readonly measure?: () => number;
}

/** The system reports it in a file, which cannot be opened at the limit on open files: then the last value is returned. */
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
  let measuring: NodeJS.Timeout | undefined;
  /** What the process held before the first request, or after the last collection here; undefined until it is measured. */
  let settled: number | undefined;

  function press(): void {
    if (performance.now() - pressedAt < PRESS_INTERVAL) return;
    pressedAt = performance.now();
    workers.press();
  }

  /** Waits until the memory of the last ended guest is freed, unless it is urgent. */
  function sacrifice(bytes: number): void {
    const isUrgent = bytes > ledger.limit * URGENT_PART;
    if (!isUrgent && performance.now() - sacrificedAt < PRESS_INTERVAL) return;
    sacrificedAt = performance.now();
    workers.sacrifice(refusal(bytes, ledger.limit));
  }

  function check(): void {
    const bytes = measure();
    ledger.measured(bytes);
    if (bytes > ledger.limit * PRESS_PART) press();
    if (bytes > ledger.limit * SACRIFICE_PART) sacrifice(bytes);
    workers.measured();
    if (workers.load > 0) return;
    clearInterval(measuring);
    measuring = undefined;
    timer ??= setTimeout(() => {
      if (!goBack(MUCH)) timer = setTimeout(goBack, LONG_QUIET - QUIET, LITTLE).unref();
    }, QUIET).unref();
  }

  /** Returns the memory of the last requests to the system if it is more than this. */
  function goBack(bytes: number): boolean {
    timer = undefined;
    if (measure() - settled! < bytes) return false;
    settled = undefined;
    workers.collectIdle();
    collect(true);
    // Workers have finished by then.
    timer = setTimeout(() => {
      timer = undefined;
      settled = measure();
      ledger.measured(settled);
    }, COLLECTION).unref();
    return true;
  }

  return {
    busy() {
      if (measuring !== undefined) return;
      clearTimeout(timer);
      timer = undefined;
      settled ??= measure();
      measuring = setInterval(check, INTERVAL);
    },
    close() {
      clearTimeout(timer);
      clearInterval(measuring);
    },
  };
}
