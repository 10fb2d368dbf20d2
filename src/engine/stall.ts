import type { OsThread } from './os-thread.ts';
import type { Pulse } from './pulse.ts';

/** Finds out whether a worker takes messages, and keeps one that does not from taking the processor from others. */
export interface StallWatch {
  readonly stalled: boolean;
  /** It has a low priority for good: the system does not allow to raise it again. */
  readonly worn: boolean;
  /**
   * To be called every `LOOK` milliseconds, with whether the worker has work, and whether others get theirs done soon.
   * Answers true when it has just stalled.
   */
  look(hasWork: boolean, othersAreQuick: boolean): boolean;
  /** It takes messages again. */
  back(): void;
}

/** Milliseconds between two looks at a worker. */
export const LOOK = 50;

/** A worker is stalled that spends so many milliseconds of processor time without taking a message … */
const BUSY = 30;

/** … or so many without one, unless it waits for a processor: one more worker mends no such thing. */
const SILENT = 250;

/** After so many milliseconds of processor time a guest leaves one processor to others that are quick. */
const LONG = 100;

/**
 * After so many milliseconds of processor time a guest hardly ever comes back. Before, it gets enough to do so even where
 * other programs take every processor, and keeps its priority where that could never be raised again.
 */
const LOST = 1000;

/** `beat` has to send the worker something to take. */
export function createStallWatch(pulse: Pulse, thread: OsThread, beat: () => void): StallWatch {
  let stalled = false;
  let worn = false;
  /** When it last took a message, or was sent one with nothing to take before. */
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
