import type { Questions } from '../../metering/meter.ts';
import { Quantum } from '../../metering/quantum.ts';
import { threadTime } from '../../process/cpu-time.ts';

const TRAP = -1;

/** Of a guest that has its thread for itself, which may use so many milliseconds of processor time from now on. */
export class LimitedCpu implements Questions {
  /** It was trapped because it had used them. */
  overspent = false;
  readonly #limit: number;
  readonly #quantum = new Quantum();
  readonly #began: number = performance.now();
  readonly #used: number = threadTime();

  constructor(limit: number = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
  }

  tick(): number {
    const now = performance.now();
    // It has not used more than has passed.
    if (now - this.#began >= this.#limit) this.overspent = threadTime() - this.#used >= this.#limit;
    return this.overspent ? TRAP : this.#quantum.next(now);
  }

  /** Never asked: `tick` lets nobody wait. */
  async wait(): Promise<number> {
    return this.tick();
  }

  cannotWait(): number {
    return this.tick();
  }
}
