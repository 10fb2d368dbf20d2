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
export class MessageCounts {
  /** For the worker, see `workerMessageCounts`. */
  readonly memory: SharedArrayBuffer = new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT);
  readonly #words = new Int32Array(this.memory);
  #microseconds = 0;
  #seen = 0;

  /** A message was posted to the worker. */
  sent(): void {
    Atomics.add(this.#words, SENT, 1);
  }

  /** Changes each time the worker takes a message. */
  get taken(): number {
    return Atomics.load(this.#words, TAKEN);
  }

  /** The worker has taken everything that was sent. */
  get answered(): boolean {
    return Atomics.load(this.#words, TAKEN) === Atomics.load(this.#words, SENT);
  }

  /** The request whose guest has the thread, or had it last. */
  get runs(): number {
    return Atomics.load(this.#words, RUNS);
  }

  /** Milliseconds for which computing guests have had the thread so far. To be read at least once an hour. */
  get computed(): number {
    const now = Atomics.load(this.#words, COMPUTED);
    this.#microseconds += (now - this.#seen) >>> 0;
    this.#seen = now;
    return this.#microseconds / 1000;
  }
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
