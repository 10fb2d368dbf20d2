import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds of work until a pause. */
const SLICE = 2;

/** The share of the time that the work may take, unless the caller says otherwise. */
const SHARE = 0.2;

/** To be awaited between small pieces of background work: leaves the thread and the store to others most of the time. */
export function createThrottle(share: number = SHARE): () => Promise<void> | undefined {
  let began = performance.now();
  return () => {
    const worked = performance.now() - began;
    if (worked < SLICE) return undefined;
    return delay(worked * (1 / share - 1)).then(() => {
      began = performance.now();
    });
  };
}
