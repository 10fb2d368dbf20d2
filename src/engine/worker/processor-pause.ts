/** Milliseconds of a request after which its guest begins to pause, and between two pauses of a thread. */
const PAUSE_FROM = 1;
const PAUSE_EVERY = 1;

/** Milliseconds; the kernel makes about 0.06 of them. */
const PAUSE = 0.01;

/**
 * Leaves the processor for a moment, again and again, to threads that have just been woken. Otherwise a guest that computes would
 * keep it to the end of the time slice that the kernel gives its thread, 3 to 4 ms on Linux.
 *
 * Returns a function to be called when a guest continues that has used so many milliseconds of the thread for its request. `leave`
 * is called for each pause.
 */
export function createProcessorPause(leave: () => void = sleep): (used: number, now: number) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (used, now) => {
    if (used < PAUSE_FROM || now - last < PAUSE_EVERY) return;
    leave();
    last = now;
  };
}

const never = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

function sleep(): void {
  Atomics.wait(never, 0, 0, PAUSE);
}
