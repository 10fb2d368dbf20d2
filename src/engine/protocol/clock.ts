/** Milliseconds of a clock that all threads share; `performance.now()` begins with its thread. */
export function sharedNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** What `sharedNow` shows when `performance.now()` of this thread is 0. */
const offset = sharedNow() - performance.now();

/** A time of `performance.now()` of this thread, for another thread. */
export function toShared(local: number): number {
  return local + offset;
}

/** A time that another thread has sent, by `performance.now()` of this thread. */
export function fromShared(shared: number): number {
  return shared - offset;
}
