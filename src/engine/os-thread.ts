import { readFileSync, readlinkSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { leaveFirstProcessor } from './processors.ts';

/** A thread as the operating system sees it, Linux above all: elsewhere priorities stay and time on the clock counts. */
export interface OsThread {
  /** How long it has had a processor and how long it has waited for one, in milliseconds. */
  times(): { readonly busy: number; readonly waiting: number };
  /** From now on it gets a tenth or, when it is to stand back for all, a seventieth of what others get beside it. */
  lower(forAll: boolean): void;
  /** Back to where it was. False when the system forbids it, as it does to all but root: then it stays low. */
  raise(): boolean;
  /** As far as is known, `raise` would be allowed. */
  readonly raisable: boolean;
  /** Whether it shall leave one processor to others. Anybody may change that, both ways, where it can be changed at all. */
  standAside(aside: boolean): void;
}

/** Steps of niceness, each a tenth to a quarter less of the processor, and where they end: sched(7). */
const LOWER = 10;
const LOWEST = 19;

/** Linux' CAP_SYS_NICE, by its number in capabilities(7). */
const CAP_SYS_NICE = 23n;

/** What `osThread` needs to know of the thread that calls this; undefined where there is no Linux. */
export function ownThreadId(): number | undefined {
  try {
    return Number(readlinkSync('/proc/thread-self').split('/').at(-1));
  } catch {
    return undefined;
  }
}

/** Not to be asked for anything once the thread is gone: its id may be somebody else's. */
export function osThread(id: number | undefined): OsThread {
  /** Where it was before; undefined while it is there. */
  let usual: number | undefined;
  let raisable = id === undefined || mayRaise();
  let takeAll: (() => void) | undefined;
  let last: string | undefined;

  return {
    times() {
      // Of a thread that has just ended, what it had last counts: another clock would make it look very busy.
      last = (id === undefined ? undefined : read(`/proc/self/task/${id}/schedstat`)) ?? last;
      if (last === undefined) return { busy: performance.now(), waiting: 0 };
      // In nanoseconds, and the number of slices after them: Documentation/scheduler/sched-stats.rst of Linux.
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

/** Undefined for a thread that is gone, or whose id means nothing here: /proc may be that of another namespace. */
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
