import { LONGEST_HOLD } from './thread-hold.ts';

/** How often the time of earlier instances a later one may take. */
const PATIENCE = 10;

/**
 * How long start functions may hold their thread. The first instance has as much time as a request: it may have much to do, and
 * nobody is served before. From then on it is known what others need, and all guests of the thread wait for them.
 */
export class StartTimes {
  #longest: number | undefined;

  /** Milliseconds for the next instance. */
  get longest(): number {
    if (this.#longest === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(LONGEST_HOLD, PATIENCE * this.#longest);
  }

  /** An instance was made in so many milliseconds. */
  took(milliseconds: number): void {
    this.#longest = Math.max(this.#longest ?? 0, milliseconds);
  }
}
