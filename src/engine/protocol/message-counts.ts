/** Number of messages posted, and of messages taken, modulo 2^32. */
const SENT = 0;
const TAKEN = 1;
/** The request whose guest had the thread last. */
const RUNS = 2;
/** Milliseconds for which computing guests have had the thread, modulo 2^32. */
const COMPUTED = 3;
const WORDS = 4;

/**
 * Counters that a worker shares with the main thread, each of which has such an object. The main thread counts what it sends, and
 * the worker what it takes. So guests can give way to a waiting message, and the main thread can detect a worker that takes none.
 */
export class MessageCounts {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  /** With fractions; in the worker. */
  #computed = 0;

  /** With the memory of the other side, if it was made there. */
  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
  }

  /** A message was posted to the worker. */
  sent(): void {
    Atomics.add(this.#words, SENT, 1);
  }

  /** The worker has taken a message. */
  take(): void {
    Atomics.add(this.#words, TAKEN, 1);
  }

  /** Changes each time the worker takes a message. */
  get taken(): number {
    return Atomics.load(this.#words, TAKEN);
  }

  /** Number of messages that wait for the worker. */
  get waiting(): number {
    // Counted after it is posted: for a moment the worker may be ahead.
    return Math.max(0, (Atomics.load(this.#words, SENT) - this.taken) | 0);
  }

  /** The guest of this request has the thread. */
  resumes(id: number): void {
    Atomics.store(this.#words, RUNS, id);
  }

  /** The request whose guest has the thread, or had it last. */
  get runs(): number {
    return Atomics.load(this.#words, RUNS);
  }

  /** A guest that computes, rather than responds quickly, has had the thread for these milliseconds. */
  computes(milliseconds: number): void {
    this.#computed += milliseconds;
    Atomics.store(this.#words, COMPUTED, this.#computed);
  }

  /** Whole milliseconds for which computing guests have had the thread so far, modulo 2^32. */
  get computed(): number {
    return Atomics.load(this.#words, COMPUTED) >>> 0;
  }
}
