export interface StopSteps {
  /** The worker makes progress although this guest has not stopped yet; the guest then gets more time. */
  isAlive(): boolean;
  /** Ends the worker. */
  giveUp(): void;
}

/**
 * Milliseconds within which the guest must stop after it was told to, or else its worker must take a message. Guest code with
 * checks stops within a fraction of a millisecond; code without checks, such as one operation on a huge table, does not.
 */
const ABORT_GRACE = 500;

/** How many times the same guest gets more time. */
const MOST = 20;

/** Guests of one worker that were told to stop and have not stopped yet. */
export class StopTimers {
  readonly #timers = new Map<number, NodeJS.Timeout>();
  readonly #steps: StopSteps;

  constructor(steps: StopSteps) {
    this.#steps = steps;
  }

  get size(): number {
    return this.#timers.size;
  }

  has(id: number): boolean {
    return this.#timers.has(id);
  }

  /** This guest was told to stop. */
  add(id: number): void {
    this.#expect(id, 1);
  }

  /** It has stopped. */
  delete(id: number): void {
    if (this.#timers.size === 0) return;
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }

  clear(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #expect(id: number, times: number): void {
    const check = (): void => {
      if (times < MOST && this.#steps.isAlive()) this.#expect(id, times + 1);
      else this.#steps.giveUp();
    };
    this.#timers.set(id, setTimeout(check, ABORT_GRACE));
  }
}
