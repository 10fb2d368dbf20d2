/** What the clocks of one thread share: when a guest last gave up the thread. */
export interface ThreadClock {
  freed: number;
}

/**
 * Processor time of one request: the time during which its guest has the thread. A class, as each instance has one.
 *
 * What a guest waits for may arrive while another guest runs; it has the thread only once that guest has given it up.
 */
export class CpuClock {
  readonly #thread: ThreadClock;
  #used = 0;
  #since: number | undefined;

  constructor(thread: ThreadClock) {
    this.#thread = thread;
  }

  /** A request begins. */
  restart(now: number): void {
    this.#used = 0;
    this.#since = now;
  }

  /** Milliseconds that the request has used. */
  used(now: number): number {
    return this.#since === undefined
      ? this.#used
      : this.#used + Math.max(0, now - Math.max(this.#since, this.#thread.freed));
  }

  /** The guest gives up the thread. */
  stop(now: number): void {
    if (this.#since === undefined) return;
    this.#used = this.used(now);
    this.#since = undefined;
    this.#thread.freed = now;
  }

  /** The guest gets the thread back as soon as no other guest has it. */
  resume(now: number): void {
    this.#since ??= now;
  }
}
