import type { DescriptorTotal } from '../../../host/index.ts';

/** What Node, the store, logs and folders on the way to a file take. */
const BASE = 64;
/** What a worker takes, with its event loop and its connection to the store. */
const WORKER = 10;
/** Workers that may stand by or in for others, and those of a component that takes over. */
const EXTRA_WORKERS = 16;
/** The part of what is left that guests get where it is short; clients get the rest. */
const GUESTS_PART = 1 / 4;
/** The part of guests' descriptors that one of them gets at most. */
const ONE_PART = 1 / 4;

/** Who may have how many descriptors. */
export interface DescriptorShares {
  /** Connections of clients. */
  readonly connections: number;
  /** Files and connections of all guests. */
  readonly guests: number;
  /** Of one guest. */
  readonly guest: number;
  /** Descriptors that would do for what was asked for. */
  readonly needed: number;
}

export interface DescriptorWishes {
  /** What the process may have open. */
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

/** What a worker is given: the count of all, and its own part in it, which is given back when the worker is gone. */
export interface DescriptorMemory {
  readonly total: SharedArrayBuffer;
  readonly own: SharedArrayBuffer;
}

const LIMIT = 0;
const OPEN = 1;

/** The main thread's side. */
export interface DescriptorLedger {
  open(): DescriptorMemory;
  /** The worker is gone, and the system has closed what it had open. */
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
  /** For what can be done without: leaves half to others. */
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
