/**
 * Counters that a worker shares with the main thread. The main thread counts what it sends, and the worker what it takes. So
 * guests can give way to a waiting message, and the main thread can detect a worker that takes none.
 */

/** Number of messages posted, and of messages taken, modulo 2^32. */
const SENT = 0;
const TAKEN = 1;
/** The request whose guest had the thread last. */
const RUNS = 2;
/** Microseconds for which computing guests have had the thread, modulo 2^32. */
const COMPUTED = 3;
const WORDS = 4;

/** The main thread's side. */
export interface MessageCounts {
  /** For the worker, see `workerMessageCounts`. */
  readonly memory: SharedArrayBuffer;
  /** A message was posted to the worker. */
  sent(): void;
  /** Changes each time the worker takes a message. */
  readonly taken: number;
  /** The worker has taken everything that was sent. */
  readonly answered: boolean;
  /** The request whose guest has the thread, or had it last. */
  readonly runs: number;
  /** Milliseconds for which computing guests have had the thread so far. To be read at least once an hour. */
  readonly computed: number;
}

export function createMessageCounts(): MessageCounts {
  const memory = new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT);
  const words = new Int32Array(memory);
  let microseconds = 0;
  let seen = 0;
  return {
    memory,
    sent() {
      Atomics.add(words, SENT, 1);
    },
    get taken() {
      return Atomics.load(words, TAKEN);
    },
    get answered() {
      return Atomics.load(words, TAKEN) === Atomics.load(words, SENT);
    },
    get runs() {
      return Atomics.load(words, RUNS);
    },
    get computed() {
      const now = Atomics.load(words, COMPUTED);
      microseconds += (now - seen) >>> 0;
      seen = now;
      return microseconds / 1000;
    },
  };
}

/** The worker's side. */
export interface WorkerMessageCounts {
  /** A message was taken. */
  take(): void;
  /** Number of messages that wait. */
  waiting(): number;
  /** The guest of this request has the thread. */
  runs(id: number): void;
  /** A guest that computes, rather than responds quickly, has had the thread for these milliseconds. */
  computes(milliseconds: number): void;
}

export function workerMessageCounts(memory: SharedArrayBuffer): WorkerMessageCounts {
  const words = new Int32Array(memory);
  return {
    take() {
      Atomics.add(words, TAKEN, 1);
    },
    // Counted after it is posted: for a moment the worker may be ahead.
    waiting: () => Math.max(0, (Atomics.load(words, SENT) - Atomics.load(words, TAKEN)) | 0),
    runs(id) {
      Atomics.store(words, RUNS, id);
    },
    computes(milliseconds) {
      Atomics.add(words, COMPUTED, Math.round(milliseconds * 1000));
    },
  };
}
