import type { DescriptorTotal } from '../../../host/index.ts';

/** Descriptors that Node, the store, logs and the folders on a path use. */
const BASE = 64;
/** Descriptors of a worker, with its event loop and its connection to the store. */
const WORKER = 10;
/** Workers that replace others, and those of a component that takes over after a reload. */
const EXTRA_WORKERS = 16;
/** The fraction of the rest that guests get if there are too few; clients get the remainder. */
const GUESTS_PART = 1 / 4;
/** The maximum fraction of guests' descriptors for one guest. */
const ONE_PART = 1 / 4;

/** The number of descriptors for each purpose. */
export interface DescriptorShares {
  /** Client connections. */
  readonly connections: number;
  /** Files and connections of all guests together. */
  readonly guests: number;
  /** Of one guest. */
  readonly guest: number;
  /** Descriptors that would be enough for what was requested. */
  readonly needed: number;
}

export interface DescriptorWishes {
  /** Descriptors that the process may have open. */
  readonly files: number;
  readonly workers: number;
  readonly connections: number;
  readonly guest: number;
}

export function shareDescriptors({ files, workers, connections, guest }: DescriptorWishes): DescriptorShares {
  const own = BASE + (workers + EXTRA_WORKERS) * WORKER;
  const needed = own + connections + guest / ONE_PART;
  const rest = Math.max(8, files - own);
  const guests = Math.max(Math.floor(rest * GUESTS_PART), rest - connections);
  return {
    connections: Math.min(connections, rest - Math.min(guests, Math.floor(rest * GUESTS_PART))),
    guests: Number.isFinite(guests) ? Math.min(guests, 2 ** 30) : 2 ** 30,
    guest: Math.min(guest, Math.max(2, Math.floor(guests * ONE_PART))),
    needed,
  };
}

/** What a worker gets: the total, and its own share of it, which is subtracted when the worker exits. */
export interface DescriptorMemory {
  readonly total: SharedArrayBuffer;
  readonly own: SharedArrayBuffer;
}

const LIMIT = 0;
const OPEN = 1;

/** The main thread's side. */
export interface DescriptorLedger {
  open(): DescriptorMemory;
  /** The worker has exited, and the system has closed its descriptors. */
  close(memory: DescriptorMemory): void;
}

export function createDescriptorLedger(limit: number): DescriptorLedger {
  const total = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
  const words = new Int32Array(total);
  words[LIMIT] = limit;
  return {
    open: () => ({ total, own: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT) }),
    close({ own }) {
      Atomics.sub(words, OPEN, Atomics.exchange(new Int32Array(own), 0, 0));
    },
  };
}

/** A worker's side. */
export function descriptorTotal(memory: DescriptorMemory): DescriptorTotal & {
  /** For optional uses: leaves half of the descriptors to others. */
  tryTakeSpare(): boolean;
} {
  const words = new Int32Array(memory.total);
  const own = new Int32Array(memory.own);

  function take(limit: number): boolean {
    if (Atomics.add(words, OPEN, 1) >= limit) {
      Atomics.sub(words, OPEN, 1);
      return false;
    }
    Atomics.add(own, 0, 1);
    return true;
  }

  return {
    tryTake: () => take(words[LIMIT]!),
    tryTakeSpare: () => take(words[LIMIT]! / 2),
    give() {
      Atomics.sub(words, OPEN, 1);
      Atomics.sub(own, 0, 1);
    },
  };
}
