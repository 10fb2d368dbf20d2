/** Approximate milliseconds between two questions of a guest. */
const INTERVAL = 0.15;

/** Units of the first quantum, and the minimum and maximum of any quantum. */
export const FIRST_QUANTUM = 100_000;
const LEAST = 2000;
const MOST = 50_000_000;

/** The largest factor by which a quantum is reduced at once: a busy machine may have caused the delay. */
const DIVISOR = 8;

/**
 * How many units a guest gets until it asks again. The time that a unit takes differs between guests, and within a guest. A class,
 * as each instance has one.
 */
export class Quantum {
  #units = FIRST_QUANTUM;
  /** When the guest got its quantum; undefined if it did not run all the time since then. */
  #granted: number | undefined;

  get units(): number {
    return this.#units;
  }

  /** The guest gives up the thread or gets it back: the time until its next question says nothing about its units. */
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
