import type { BudgetParent } from '../../../host/index.ts';

/**
 * What all threads know of the process's memory, in KiB: what the system said that it holds, and what guests were promised
 * since. Two numbers tell it all, as whatever a thread takes or gives back shows in the next measurement.
 */

/** What may be held. */
const LIMIT = 0;
/** What was held at the last measurement. */
const MEASURED = 1;
/** Promised in all, modulo 2^32, and that number at the last measurement. */
const PROMISED = 2;
const PROMISED_THEN = 3;
/** The most that one guest was promised, of those that asked since the last measurement. */
const LARGEST = 4;
const WORDS = 5;

/** In KiB, what each guest gets whatever is held: those that were let in shall be able to end. */
const SMALL = 2048;

/** The part above the limit that stays for guests smaller than the largest. */
const SLACK_PART = 1 / 8;

const KIBIBYTE = 1024;

/** The main thread's side. */
export interface Ledger {
  /** For workers, see `workerLedger`. */
  readonly memory: SharedArrayBuffer;
  readonly limit: number;
  /** Bytes that the process holds, or soon will. */
  readonly held: number;
  /** No guest should be begun while others run. */
  readonly full: boolean;
  /** `bytes` is what the system says now. */
  measured(bytes: number): void;
}

export function createLedger(limit: number): Ledger {
  const memory = new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT);
  const words = new Int32Array(memory);
  words[LIMIT] = Math.min(limit / KIBIBYTE, 2 ** 31 - 1);

  return {
    memory,
    limit,
    get held() {
      return held(words) * KIBIBYTE;
    },
    get full() {
      return held(words) > words[LIMIT]!;
    },
    measured(bytes) {
      Atomics.store(words, PROMISED_THEN, Atomics.load(words, PROMISED));
      Atomics.store(words, MEASURED, Math.ceil(bytes / KIBIBYTE));
      Atomics.store(words, LARGEST, 0);
    },
  };
}

/** For one guest of a worker: where its budget takes its bytes from. */
export function createShare(memory: SharedArrayBuffer): BudgetParent {
  return new Share(new Int32Array(memory));
}

/** A class, as each instance has one. */
class Share implements BudgetParent {
  readonly #words: Int32Array;
  #mine = 0;

  constructor(words: Int32Array) {
    this.#words = words;
  }

  /** Above the limit the largest guest is refused first; what others may take beyond is little. */
  tryCharge(bytes: number): boolean {
    const words = this.#words;
    const promise = Math.ceil(bytes / KIBIBYTE);
    const limit = words[LIMIT]!;
    Atomics.add(words, PROMISED, promise);
    this.#mine += promise;
    const largest = Atomics.load(words, LARGEST);
    if (this.#mine > largest) Atomics.store(words, LARGEST, this.#mine);
    if (this.#mine <= SMALL) return true;
    const now = held(words);
    if (now <= limit || (this.#mine < largest && now <= limit * (1 + SLACK_PART))) return true;
    this.release(bytes);
    return false;
  }

  release(bytes: number): void {
    const promise = Math.ceil(bytes / KIBIBYTE);
    Atomics.sub(this.#words, PROMISED, promise);
    this.#mine = Math.max(0, this.#mine - promise);
  }

  refusal(): string {
    return refusal(held(this.#words) * KIBIBYTE, this.#words[LIMIT]! * KIBIBYTE);
  }
}

/** What a guest, or the log, is told. */
export function refusal(held: number, limit: number): string {
  return `the process holds ${mebibytes(held)} MiB, the limit is ${mebibytes(limit)} MiB (--memory-budget)`;
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / KIBIBYTE ** 2);
}

/** In KiB. What was given back is gone once the system says so. */
function held(words: Int32Array): number {
  const promised = (Atomics.load(words, PROMISED) - Atomics.load(words, PROMISED_THEN)) | 0;
  return Atomics.load(words, MEASURED) + Math.max(0, promised);
}
