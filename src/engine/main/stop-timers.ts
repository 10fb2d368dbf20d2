export interface StopSteps {
  /** Changes as the worker makes progress; a guest that has not stopped yet then gets more time. */
  taken(): number;
  /** Whether it cannot make progress at the moment through no fault of this guest. */
  isExcused(): boolean;
  /** Milliseconds of processor time that this process has used. */
  used(): number;
  /** Ends the worker. */
  giveUp(): void;
}

/**
 * Milliseconds within which the guest must stop after it was told to, or else its worker must take a message. Guest code with
 * checks stops within a fraction of a millisecond; code without checks does not.
 */
const ABORT_GRACE = 500;

/**
 * On a machine that is busy with other programs, the worker may not have run at all in that time. It shares what the process gets
 * with few other threads, so it has run once the process has used this many milliseconds of processor time.
 */
const LEAST_USED = 250;

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

  /** This guest was told to stop. Once more, for another reason, it gets no more time. */
  add(id: number): void {
    if (!this.#timers.has(id)) this.#expect(id, 1, this.#steps.used());
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

  /** `usedBefore` is what the process had used when the worker last made progress. */
  #expect(id: number, times: number, usedBefore: number): void {
    const takenBefore = this.#steps.taken();
    const check = (): void => {
      const used = this.#steps.used();
      if (times >= MOST) this.#steps.giveUp();
      else if (this.#steps.taken() !== takenBefore || this.#steps.isExcused())
        this.#expect(id, times + 1, used);
      else if (used - usedBefore < LEAST_USED) this.#expect(id, times + 1, usedBefore);
      else this.#steps.giveUp();
    };
    this.#timers.set(id, setTimeout(check, ABORT_GRACE));
  }
}
