/**
 * What a worker shows of itself in shared memory. The main thread counts what it sends and the worker what it takes, so
 * that a worker which takes nothing is known without its help, and so is what it has not begun: that can be withdrawn,
 * and no request is ever run by two workers.
 */

/** Requests begun, modulo 2^30. Negative while the main thread has withdrawn the rest. */
const BEGUN = 0;
/** Messages taken, modulo 2^32. */
const TAKEN = 1;

const COUNT = 0x3fff_ffff;
const WITHDRAWN = 1 << 31;

/** The main thread's side. */
export interface Pulse {
  /** For the worker, see `workerPulse`. */
  readonly memory: SharedArrayBuffer;
  /** A message was posted to the worker. */
  sent(type: string): void;
  /** Changes whenever the worker takes a message. */
  readonly taken: number;
  /** The worker has taken all that was sent. */
  readonly answered: boolean;
  /**
   * Takes those of the requests back that the worker has not begun, and tells how many they are: the last ones that were
   * sent. It begins nothing until it `reopen`s.
   */
  withdraw(): number;
}

export function createPulse(): Pulse {
  const memory = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
  const words = new Int32Array(memory);
  let messages = 0;
  let requests = 0;

  return {
    memory,
    sent(type) {
      messages = (messages + 1) | 0;
      if (type === 'request') requests = (requests + 1) & COUNT;
    },
    get taken() {
      return Atomics.load(words, TAKEN);
    },
    get answered() {
      return Atomics.load(words, TAKEN) === messages;
    },
    withdraw() {
      const count = (requests - Atomics.or(words, BEGUN, WITHDRAWN)) & COUNT;
      requests = (requests - count) & COUNT;
      return count;
    },
  };
}

/** The worker's side. */
export interface WorkerPulse {
  /** A message was taken. */
  take(): void;
  /** Whether a request may be begun; if not, it was withdrawn and belongs to another worker by now. */
  begin(): boolean;
  /** Whatever is taken from here on was sent after the withdrawal. */
  reopen(): void;
}

export function workerPulse(memory: SharedArrayBuffer): WorkerPulse {
  const words = new Int32Array(memory);
  return {
    take() {
      Atomics.add(words, TAKEN, 1);
    },
    begin() {
      const before = Atomics.load(words, BEGUN);
      return before >= 0 && Atomics.compareExchange(words, BEGUN, before, (before + 1) & COUNT) === before;
    },
    reopen() {
      Atomics.and(words, BEGUN, COUNT);
    },
  };
}
