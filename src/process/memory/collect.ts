import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Runs a full garbage collection of this thread, which returns the memory of instances and buffers to the system. */
export type Collect = () => void;

export function createCollect(): Collect {
  let collect: Collect | undefined;
  return () => {
    collect ??= find();
    collect();
  };
}

/** The same soon, and at most once in so many milliseconds. */
export function collectRarely(collect: Collect, interval: number): Collect {
  let last = Number.NEGATIVE_INFINITY;
  let isDue = false;

  function collectNow(): void {
    isDue = false;
    collect();
    last = performance.now();
  }

  return () => {
    if (isDue) return;
    isDue = true;
    setTimeout(collectNow, Math.max(0, last + interval - performance.now())).unref();
  };
}

/** V8 exposes `gc` only in contexts that are created after the flag is set. */
function find(): Collect {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as Collect;
}
