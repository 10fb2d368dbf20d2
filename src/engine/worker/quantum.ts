/** Milliseconds from one question of a guest to the next, about. */
const INTERVAL = 0.15;

/** Units of the first quantum, and the fewest and most of any. */
export const FIRST_QUANTUM = 100_000;
const LEAST = 2000;
const MOST = 50_000_000;

/** The most by which a quantum is divided at once: what took long may be the machine's fault. */
const DIVISOR = 8;

/**
 * How many units a guest gets until it asks again. A unit takes more or less time from one guest to the next, and within one. A
 * class, as each instance has one.
 */
export class Quantum {
  #units = FIRST_QUANTUM;
  /** When the guest got its quantum; undefined if it was not running since. */
  #granted: number | undefined;

  get units(): number {
    return this.#units;
  }

  /** The guest got or gets the thread: what it took until its next question says nothing. */
  interrupt(): void {
    this.#granted = undefined;
  }

  /** The guest has resumed with the same quantum. */
  resume(now: number): void {
    this.#granted = now;
  }

  /** The guest has used up its quantum: returns the next one. */
  next(now: number): number {
    const took = this.#granted === undefined ? INTERVAL : now - this.#granted;
    if (took > 2 * INTERVAL) {
      this.#units = Math.max(LEAST, Math.floor(this.#units / Math.min(DIVISOR, took / INTERVAL)));
    } else if (took < INTERVAL / 2) this.#units = Math.min(MOST, 2 * this.#units);
    this.#granted = now;
    return this.#units;
  }
}
