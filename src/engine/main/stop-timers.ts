export interface StopSteps {
  /** A guest that may still run has the thread: it is waited for. */
  isHeldByAnother(): boolean;
  /** First: ends what the worker runs. */
  interrupt(): void;
  /** Then: ends the worker. */
  giveUp(): void;
}

/**
 * Milliseconds within which a guest must stop when told to, and for each further step. Guests' code stops within a fraction of
 * one; code without checks, such as one large `memory.fill`, does not.
 */
const ABORT_GRACE = 500;

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
    this.#expect(id, () => this.#notStopped(id));
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

  #expect(id: number, otherwise: () => void): void {
    this.#timers.set(id, setTimeout(otherwise, ABORT_GRACE));
  }

  #notStopped(id: number): void {
    if (this.#steps.isHeldByAnother()) {
      this.add(id);
      return;
    }
    this.#steps.interrupt();
    this.#expect(id, () => this.#steps.giveUp());
  }
}
