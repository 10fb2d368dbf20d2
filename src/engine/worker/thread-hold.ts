import { threadTime } from '../../process/cpu-time.ts';

/**
 * Milliseconds of processor time for which a guest may hold its thread where it cannot be suspended: while `cabi_realloc` makes
 * room for what a host function returns, in destructors, and in post-return functions. Everyone else waits meanwhile.
 */
export const LONGEST_HOLD = 100;

/** How long a guest has been due to give its thread up, and could not. A class, as each instance has one. */
export class ThreadHold {
  /** Milliseconds for which it may last. */
  limit: number = LONGEST_HOLD;
  readonly #clock: () => number;
  /** By `performance.now()`, and by the clock. */
  #since: number | undefined;
  #began = 0;

  constructor(clock: () => number = threadTime) {
    this.#clock = clock;
  }

  /** It is due and cannot be suspended: returns whether that has lasted too long. */
  lasts(now: number): boolean {
    if (this.#since === undefined) {
      this.#since = now;
      this.#began = this.#clock();
      return false;
    }
    // Reading the clock takes a system call. A thread that waited for a processor has not held it.
    return now - this.#since >= this.limit && this.#clock() - this.#began >= this.limit;
  }

  /** The guest has given the thread up, or begins another request. */
  end(): void {
    this.#since = undefined;
  }
}
