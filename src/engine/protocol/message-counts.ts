/**
 * Counters that a worker shares with the main thread. The main thread counts what it sends and the worker what it takes, so
 * the main thread can detect a worker that takes nothing, and withdraw the requests that it has not begun: no request is
 * ever run by two workers.
 */

/** Number of requests begun, modulo 2^30. Negative while the main thread has withdrawn the rest. */
const BEGUN = 0;
/** Number of messages taken, modulo 2^32. */
const TAKEN = 1;
/** Number of messages posted, modulo 2^32. */
const SENT = 2;

const COUNT = 0x3fff_ffff;
const WITHDRAWN = 1 << 31;

/** The main thread's side. */
export interface MessageCounts {
  /** For the worker, see `workerMessageCounts`. */
  readonly memory: SharedArrayBuffer;
  /** A message was posted to the worker. */
  sent(type: string): void;
  /** Changes each time the worker takes a message. */
  readonly taken: number;
  /** The worker has taken everything that was sent. */
  readonly answered: boolean;
  /**
   * Withdraws the requests that the worker has not begun, and returns their number: they are the last ones that were sent.
   * The worker begins nothing until it calls `reopen`.
   */
  withdraw(): number;
}

export function createMessageCounts(): MessageCounts {
  const memory = new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT);
  const words = new Int32Array(memory);
  let requests = 0;

  return {
    memory,
    sent(type) {
      Atomics.add(words, SENT, 1);
      if (type === 'request') requests = (requests + 1) & COUNT;
    },
    get taken() {
      return Atomics.load(words, TAKEN);
    },
    get answered() {
      return Atomics.load(words, TAKEN) === Atomics.load(words, SENT);
    },
    withdraw() {
      const count = (requests - Atomics.or(words, BEGUN, WITHDRAWN)) & COUNT;
      requests = (requests - count) & COUNT;
      return count;
    },
  };
}

/** The worker's side. */
export interface WorkerMessageCounts {
  /** A message was taken. */
  take(): void;
  /** There is a message that was not taken yet. */
  waits(): boolean;
  /** Whether a request may be begun; otherwise it was withdrawn and belongs to another worker. */
  begin(): boolean;
  /** Everything taken from now on was sent after the withdrawal. */
  reopen(): void;
}

export function workerMessageCounts(memory: SharedArrayBuffer): WorkerMessageCounts {
  const words = new Int32Array(memory);
  return {
    take() {
      Atomics.add(words, TAKEN, 1);
    },
    // Counted after it is posted: for a moment the worker may be ahead.
    waits: () => ((Atomics.load(words, SENT) - Atomics.load(words, TAKEN)) | 0) > 0,
    begin() {
      const before = Atomics.load(words, BEGUN);
      return before >= 0 && Atomics.compareExchange(words, BEGUN, before, (before + 1) & COUNT) === before;
    },
    reopen() {
      Atomics.and(words, BEGUN, COUNT);
    },
  };
}
