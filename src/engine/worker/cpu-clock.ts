/** What clocks of one thread share: when one guest last gave it up. */
export interface ThreadClock {
  freed: number;
}

/**
 * Processor time of one guest's request: the time in which it has the thread. A class, as each instance has one.
 *
 * What a guest waits for may come while another one runs: it has the thread only once that one has given it up.
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

  /** The guest gives the thread up. */
  stop(now: number): void {
    if (this.#since === undefined) return;
    this.#used = this.used(now);
    this.#since = undefined;
    this.#thread.freed = now;
  }

  /** The guest gets the thread back, as soon as nothing else has it. */
  resume(now: number): void {
    this.#since ??= now;
  }
}
