import { setImmediate as turn } from 'node:timers/promises';

/** To be awaited after each small piece of a search. Throws the signal's reason once it is aborted. */
export type Pause = () => Promise<void>;

/** Milliseconds of work until other work of the thread has its turn: calls of a store on this thread leave it none. */
const SLICE = 10;

/** @param signal Aborted when nobody waits for the result any more. */
export function createPause(signal?: AbortSignal): Pause {
  let began = performance.now();
  return async () => {
    signal?.throwIfAborted();
    if (performance.now() - began < SLICE) return;
    await turn();
    began = performance.now();
    // The turn may have brought the news.
    signal?.throwIfAborted();
  };
}
