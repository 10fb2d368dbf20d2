/** What a clock that all threads share shows, in milliseconds, when `performance.now()` of this thread is 0. */
const offset = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** A time of `performance.now()` of this thread, for another thread. */
export function toShared(local: number): number {
  return local + offset;
}

/** A time that another thread has sent, by `performance.now()` of this thread. */
export function fromShared(shared: number): number {
  return shared - offset;
}
