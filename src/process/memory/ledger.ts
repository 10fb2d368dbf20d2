import type { BudgetParent } from '../../../host/index.ts';

/**
 * The process's memory as all threads see it, in KiB: the resident size that the system last reported, what guests were promised
 * since then, and the sum of what running guests were promised. The last one counts because a system grants memory at once but
 * provides pages only when they are touched.
 */

/** The limit. */
const LIMIT = 0;
/** The use at the last measurement. */
const MEASURED = 1;
/** The sum of promises, modulo 2^32, and its value at the last measurement. */
const PROMISED = 2;
const PROMISED_THEN = 3;
/** The largest sum of one guest's promises, among guests that asked since the last measurement. */
const LARGEST = 4;
/** Promised to guests that are running; they may not have touched all of it yet. */
const COMMITTED = 5;
/** What the process uses in addition. */
const BASE = 6;
const WORDS = 7;

/** KiB that each guest gets regardless of the limit, so that admitted guests can finish. */
const SMALL = 2048;

/** The fraction above the limit that is reserved for guests smaller than the largest. */
const SLACK_PART = 1 / 8;

/** KiB from which a guest counts as large. */
const LARGE = 64 * 1024;

/**
 * Fractions of the limit up to which large guests may grow their memories, and may charge host objects. The rest remains for host
 * objects of guests whose memories cannot grow, and for other guests, because no request is admitted above the limit.
 */
const GROW_PART = 0.9;
const CHARGE_PART = 0.95;

const KIBIBYTE = 1024;

/** What a worker gets: the counters of the process, and what its own guests were promised. */
export interface LedgerMemory {
  readonly total: SharedArrayBuffer;
  readonly own: SharedArrayBuffer;
}

/** The main thread's side. */
export interface Ledger {
  readonly limit: number;
  /** Bytes that the process uses, or soon will. */
  readonly held: number;
  /** No guest should be started while others run. */
  readonly full: boolean;
  /** `bytes` is the resident size that the system reports now; the first time, no guest has run yet. */
  measured(bytes: number): void;
  /** For one more worker, see `createShare`. */
  open(): LedgerMemory;
  /** The worker has exited, with all its guests. */
  close(memory: LedgerMemory): void;
}

export function createLedger(limit: number): Ledger {
  const total = new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT);
  const words = new Int32Array(total);
  let least: number | undefined;
  words[LIMIT] = Math.min(limit / KIBIBYTE, 2 ** 31 - 1);

  return {
    limit,
    get held() {
      return held(words) * KIBIBYTE;
    },
    get full() {
      return held(words) > words[LIMIT]!;
    },
    measured(bytes) {
      const now = Math.ceil(bytes / KIBIBYTE);
      least ??= now;
      Atomics.store(words, BASE, Math.max(least, now - Atomics.load(words, COMMITTED)));
      Atomics.store(words, PROMISED_THEN, Atomics.load(words, PROMISED));
      Atomics.store(words, MEASURED, now);
      Atomics.store(words, LARGEST, 0);
    },
    open: () => ({ total, own: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT) }),
    close({ own }) {
      Atomics.sub(words, COMMITTED, Atomics.exchange(new Int32Array(own), 0, 0));
    },
  };
}

/** The source of one guest's budget. */
export interface MemoryShare extends BudgetParent {
  /** As `tryCharge`, for memories and tables of the guest. */
  tryGrow(bytes: number): boolean;
  /** The guest's request is over: from now on its memory counts as the process's. */
  close(): void;
}

export function createShare({ total, own }: LedgerMemory): MemoryShare {
  return new Share(new Int32Array(total), new Int32Array(own));
}

/** A class, as each instance has one. */
class Share implements MemoryShare {
  readonly #words: Int32Array;
  readonly #own: Int32Array;
  #mine = 0;

  constructor(words: Int32Array, own: Int32Array) {
    this.#words = words;
    this.#own = own;
  }

  tryCharge(bytes: number): boolean {
    return this.#take(bytes, CHARGE_PART);
  }

  tryGrow(bytes: number): boolean {
    return this.#take(bytes, GROW_PART);
  }

  /** Above the limit the largest guest is refused first; the others may exceed it by little. */
  #take(bytes: number, part: number): boolean {
    const words = this.#words;
    const promise = Math.ceil(bytes / KIBIBYTE);
    Atomics.add(words, PROMISED, promise);
    this.#commit(promise);
    const largest = Atomics.load(words, LARGEST);
    if (this.#mine > largest) Atomics.store(words, LARGEST, this.#mine);
    if (this.#mine <= SMALL || held(words) <= this.#ceiling(largest, part)) return true;
    this.release(bytes);
    return false;
  }

  release(bytes: number): void {
    const promise = Math.ceil(bytes / KIBIBYTE);
    Atomics.sub(this.#words, PROMISED, promise);
    this.#commit(-Math.min(this.#mine, promise));
  }

  close(): void {
    if (this.#mine !== 0) this.#commit(-this.#mine);
  }

  refusal(): string {
    return refusal(held(this.#words) * KIBIBYTE, this.#words[LIMIT]! * KIBIBYTE);
  }

  #commit(more: number): void {
    this.#mine += more;
    Atomics.add(this.#words, COMMITTED, more);
    Atomics.add(this.#own, 0, more);
  }

  /** The total that a charge of this guest may reach; for a large guest, `part` of the limit. */
  #ceiling(largest: number, part: number): number {
    const limit = this.#words[LIMIT]!;
    if (this.#mine > LARGE) return limit * part;
    return this.#mine < largest ? limit * (1 + SLACK_PART) : limit;
  }
}

/** The message for a guest or the log. */
export function refusal(held: number, limit: number): string {
  return `the process holds ${mebibytes(held)} MiB, the limit is ${mebibytes(limit)} MiB (--memory-budget)`;
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / KIBIBYTE ** 2);
}

/** In KiB. Released memory counts until the system reports less; promised memory counts although it may not be touched yet. */
function held(words: Int32Array): number {
  const promised = (Atomics.load(words, PROMISED) - Atomics.load(words, PROMISED_THEN)) | 0;
  const soon = Atomics.load(words, BASE) + Atomics.load(words, COMMITTED);
  return Math.max(Atomics.load(words, MEASURED) + Math.max(0, promised), soon);
}
