import type { TranspilerThread } from './jco-thread.ts';

/** Started before anything is known to need it. Apart from what it does: a start from the cache ends it without knowing that. */
let prestarted: TranspilerThread | undefined;

/** The thread does not keep the process alive until it is taken. */
export function keepPrestartedTranspiler(thread: TranspilerThread): void {
  thread.keepAlive(false);
  prestarted = thread;
}

/** Removes and returns it; undefined if there is none, or it was ended. */
export function takePrestartedTranspiler(): TranspilerThread | undefined {
  const taken = prestarted;
  prestarted = undefined;
  return taken;
}

/** Ends the thread unless it was taken. */
export function endPrestartedTranspiler(): void {
  takePrestartedTranspiler()?.close();
}
