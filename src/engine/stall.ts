import type { OsThread } from './os-thread.ts';
import type { MessageCounts } from './protocol/message-counts.ts';

/** Detects whether a worker takes messages, and lowers the priority of one that does not. */
export interface StallWatch {
  readonly stalled: boolean;
  /** Its priority stays low: the system does not allow raising it again. */
  readonly worn: boolean;
  /**
   * Must be called every `LOOK` milliseconds, with whether the worker has work, and whether others finish theirs quickly.
   * Returns true when the worker has just stalled.
   */
  look(hasWork: boolean, othersAreQuick: boolean): boolean;
  /** It takes messages again. */
  back(): void;
}

/** Milliseconds between two checks of a worker. */
export const LOOK = 50;

/** A worker is stalled if it spends this many milliseconds of processor time without taking a message … */
const BUSY = 30;

/** … or this many milliseconds in total, except while it waits for a processor: another worker would not help. */
const SILENT = 250;

/** After this many milliseconds of processor time a guest leaves one processor to others that are quick. */
const LONG = 100;

/**
 * After this many milliseconds of processor time a guest rarely finishes. Before that, it gets enough time to finish even
 * if other programs use every processor, and keeps its priority if that could never be raised again.
 */
const LOST = 1000;

/** `beat` must send the worker a message. */
export function createStallWatch(pulse: MessageCounts, thread: OsThread, beat: () => void): StallWatch {
  let stalled = false;
  let worn = false;
  /** When it last took a message, or was sent one after it had taken all others. */
  let mark:
    | { readonly taken: number; readonly at: number; readonly busy: number; readonly waiting: number }
    | undefined;

  function note(): void {
    if (pulse.answered) beat();
    mark = { taken: pulse.taken, at: performance.now(), ...thread.times() };
  }

  return {
    get stalled() {
      return stalled;
    },
    get worn() {
      return worn;
    },
    look(hasWork, othersAreQuick) {
      if (!hasWork) mark = undefined;
      else if (stalled === false && (mark === undefined || pulse.answered || pulse.taken !== mark.taken))
        note();
      if (mark === undefined) return false;
      const times = thread.times();
      const busy = times.busy - mark.busy;
      const silent = performance.now() - mark.at - (times.waiting - mark.waiting);
      if (busy >= LOST || (busy >= BUSY && thread.raisable)) thread.lower(busy >= LOST);
      thread.standAside(busy >= LONG && othersAreQuick);
      if (stalled || !(busy >= BUSY || silent >= SILENT)) return false;
      stalled = true;
      return true;
    },
    back() {
      stalled = false;
      mark = undefined;
      thread.standAside(false);
      worn ||= !thread.raise();
    },
  };
}
