/** A request that executes so many times as much as others is heavy; below `LEAST` units, which take well below a millisecond, none is. */
const FACTOR = 4;
const LEAST = 250_000;

/** The weight of one more request in the average. */
const WEIGHT = 1 / 16;

/**
 * What the requests of one thread usually execute. Units, and not time, because a request takes many times as long while V8
 * compiles its code, but executes the same.
 */
export class UsualUnits {
  #average: number | undefined;

  /** Whether a request that has executed so many units is heavy beside the others. Unknown until one of them is over. */
  isExceeded(units: number): boolean {
    return this.#average !== undefined && units > this.#limit(this.#average);
  }

  /** A request is over. However many units a single one has executed, the average follows slowly. */
  add(units: number): void {
    this.#average ??= units;
    this.#average += (Math.min(units, this.#limit(this.#average)) - this.#average) * WEIGHT;
  }

  #limit(average: number): number {
    return Math.max(LEAST, FACTOR * average);
  }
}
