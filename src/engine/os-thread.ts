import { readFileSync, readlinkSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { leaveFirstProcessor } from './processors.ts';

/** A thread of the operating system. Complete on Linux; elsewhere priorities are fixed and wall-clock time counts as busy. */
export interface OsThread {
  /** How long it has run on a processor and how long it has waited for one, in milliseconds. */
  times(): { readonly busy: number; readonly waiting: number };
  /** From now on it gets a tenth, or with `forAll` a seventieth, of the processor time of competing threads. */
  lower(forAll: boolean): void;
  /** Restores the priority. Returns false if the system forbids it, as for all users but root: then it stays low. */
  raise(): boolean;
  /** As far as is known, `raise` would be allowed. */
  readonly raisable: boolean;
  /** Whether it must leave one processor to others. Needs no privileges, in either direction, where supported. */
  standAside(aside: boolean): void;
}

/** Nice values: the increment, and the maximum, see sched(7). */
const LOWER = 10;
const LOWEST = 19;

/** Linux' CAP_SYS_NICE, by its number in capabilities(7). */
const CAP_SYS_NICE = 23n;

/** The calling thread's id for `osThread`; undefined on systems other than Linux. */
export function ownThreadId(): number | undefined {
  try {
    return Number(readlinkSync('/proc/thread-self').split('/').at(-1));
  } catch {
    return undefined;
  }
}

/** Must not be used once the thread has exited: its id may belong to another thread. */
export function osThread(id: number | undefined): OsThread {
  /** The original priority; undefined while it is in effect. */
  let usual: number | undefined;
  let raisable = id === undefined || mayRaise();
  let takeAll: (() => void) | undefined;
  let last: string | undefined;

  return {
    times() {
      // For a thread that has just exited the last value counts: another clock would make it look very busy.
      last = (id === undefined ? undefined : read(`/proc/self/task/${id}/schedstat`)) ?? last;
      if (last === undefined) return { busy: performance.now(), waiting: 0 };
      // In nanoseconds, followed by the number of time slices: Documentation/scheduler/sched-stats.rst of Linux.
      const [busy, waiting] = last.split(' ');
      return { busy: Number(busy) / 1e6, waiting: Number(waiting) / 1e6 };
    },
    get raisable() {
      return raisable;
    },
    lower(forAll) {
      if (id === undefined) return;
      usual ??= priorityOf(id);
      if (usual === undefined) return;
      change(id, forAll ? LOWEST : Math.min(usual + LOWER, LOWEST));
    },
    raise() {
      if (usual === undefined) return true;
      raisable = change(id!, usual);
      if (raisable) usual = undefined;
      return raisable;
    },
    standAside(aside) {
      if (id === undefined) return;
      if (aside) {
        takeAll ??= leaveFirstProcessor(id);
      } else {
        takeAll?.();
        takeAll = undefined;
      }
    },
  };
}

function mayRaise(): boolean {
  const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(read('/proc/self/status') ?? '')?.[1];
  return capabilities !== undefined && ((BigInt(`0x${capabilities}`) >> CAP_SYS_NICE) & 1n) === 1n;
}

/** Undefined for a thread that has exited, or whose id is unknown here: /proc may belong to another namespace. */
function priorityOf(id: number): number | undefined {
  try {
    return getPriority(id);
  } catch {
    return undefined;
  }
}

function change(id: number, priority: number): boolean {
  try {
    setPriority(id, priority);
    return true;
  } catch {
    return false;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
