import { toShared } from './clock.ts';

/**
 * Places for long-running guests, shared by all workers. While quick requests are served, long-running guests leave one worker
 * to them at any time; otherwise they need no places.
 */

/** Places that are free. */
const FREE = 0;
/** Workers that wait for one. */
const WAITING = 1;
/** When a quick guest last finished, and a short one, in milliseconds of a clock that all threads share, modulo 2^31. */
const QUICK_AT = 2;
const SHORT_AT = 3;
const WORDS = 4;

/** Milliseconds after a quick or short guest has finished during which more of them are expected. */
const QUICK = 1000;

/** Milliseconds after which a worker checks again, although no place was released. */
const PATIENCE = 20;

const CLOCK = 0x7fff_ffff;

/** Per worker: the places that it has, and those that it waits for. */
const HELD = 0;
const WAITS = 1;

/** What a worker gets: the counters of all workers, and its own. */
export interface LongPlacesMemory {
  readonly total: SharedArrayBuffer;
  readonly own: SharedArrayBuffer;
}

/** The main thread's side. */
export interface LongPlaces {
  /** For one more worker. */
  open(): LongPlacesMemory;
  /** The worker has exited. */
  close(memory: LongPlacesMemory): void;
}

export function createLongPlaces(workers: number): LongPlaces {
  const total = new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT);
  const words = new Int32Array(total);
  words[FREE] = Math.max(1, workers - 1);
  words[QUICK_AT] = words[SHORT_AT] = (clock() - QUICK) & CLOCK;
  return {
    open: () => ({ total, own: new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT) }),
    close({ own }) {
      const [held, waits] = new Int32Array(own);
      Atomics.sub(words, WAITING, waits!);
      give(words, held!);
    },
  };
}

/** A worker's side. */
export interface WorkerPlaces {
  /** Whether a long-running guest may run now: this worker has a place, or needs none. */
  take(): boolean;
  /** Releases the worker's place, if it has one. */
  give(): void;
  /** Others wait for a place. */
  readonly wanted: boolean;
  /** Short guests have finished lately, so more of them are expected. */
  readonly expectsShort: boolean;
  /** Resolves when there may be a place. */
  wait(): Promise<void>;
  /** A quick guest has finished, which may be a short one: it did not compute. */
  finishedQuickly(isShort: boolean): void;
}

export function workerPlaces({ total, own }: LongPlacesMemory): WorkerPlaces {
  const words = new Int32Array(total);
  const mine = new Int32Array(own);
  const isExpected = (at: number): boolean => ((clock() - Atomics.load(words, at)) & CLOCK) < QUICK;

  return {
    take() {
      if (mine[HELD] !== 0) return true;
      if (!isExpected(QUICK_AT)) return true;
      const free = Atomics.load(words, FREE);
      if (free <= 0 || Atomics.compareExchange(words, FREE, free, free - 1) !== free) return false;
      mine[HELD] = 1;
      return true;
    },
    give() {
      if (mine[HELD] === 0) return;
      mine[HELD] = 0;
      give(words, 1);
    },
    get wanted() {
      return Atomics.load(words, WAITING) > 0;
    },
    get expectsShort() {
      return isExpected(SHORT_AT);
    },
    async wait() {
      mine[WAITS] = 1;
      Atomics.add(words, WAITING, 1);
      await Atomics.waitAsync(words, FREE, 0, PATIENCE).value;
      Atomics.sub(words, WAITING, 1);
      mine[WAITS] = 0;
    },
    finishedQuickly(isShort) {
      const now = clock();
      Atomics.store(words, QUICK_AT, now);
      if (isShort) Atomics.store(words, SHORT_AT, now);
    },
  };
}

function give(words: Int32Array<SharedArrayBuffer>, count: number): void {
  if (count === 0) return;
  Atomics.add(words, FREE, count);
  Atomics.notify(words, FREE, count);
}

function clock(): number {
  return Math.trunc(toShared(performance.now())) % (CLOCK + 1);
}
