import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Runs a full garbage collection of this thread, which returns the memory of instances and buffers to the system. V8 keeps the
 * pages of its heap for later, often hundreds of MiB, unless it is told to collect `everything`: that takes several times as long.
 */
export type Collect = (everything?: boolean) => void;

/** What V8 provides with `--expose-gc`. */
type CollectGarbage = (options?: {
  readonly type: 'major';
  readonly execution: 'sync';
  readonly flavor: 'last-resort';
}) => void;

export function createCollect(): Collect {
  let collect: CollectGarbage | undefined;
  return (everything = false) => {
    collect ??= find();
    if (everything) collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    else collect();
  };
}

/** The same, soon and at most once per interval, but never everything, because other code of the thread waits meanwhile. */
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

/**
 * V8 exposes `gc` only in contexts that are created while the flag is set. Unless the process was started with it, it does not stay
 * set: V8 ignores compiled code, Node's own too, that comes from a cache and was compiled with other flags.
 */
function find(): CollectGarbage {
  for (;;) {
    const exposed = inNewContext();
    if (exposed !== undefined) return exposed;
    setFlagsFromString('--expose-gc');
    const collect = inNewContext();
    setFlagsFromString('--no-expose-gc');
    // All threads share the flag: another one may have removed it in between.
    if (collect !== undefined) return collect;
  }
}

function inNewContext(): CollectGarbage | undefined {
  return runInNewContext('globalThis.gc') as CollectGarbage | undefined;
}
