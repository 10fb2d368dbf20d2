import type { GlueBudget } from '../glue-budget.ts';

/** Bytes that a call may lift without being charged: there is only one call at a time. */
export const FREE_LIFT: number = 256 * 1024;

/** Bytes that the host holds for an element, a string and an array, in addition to their content. */
export const ELEMENT_COST = 64;
export const STRING_COST = 24;
export const ARRAY_COST = 200;

/**
 * Maximum number of bytes that a call may lift in more than a few values. Each value is copied before the total is known, and the
 * other guests of the thread wait meanwhile: for 256 MiB, a fraction of a second.
 */
export const MAX_VALUES: number = 64 * 1024 * 1024;
const FEW = 64;

/** Charges the guest's budget for what is lifted for one call. */
export class LiftCharge {
  #lifted = 0;
  #values = 0;
  /** How many of these bytes were charged. */
  #charged = 0;
  readonly #budget: GlueBudget | undefined;
  readonly #trap: (message: string) => never;

  constructor(budget: GlueBudget | undefined, trap: (message: string) => never) {
    this.#budget = budget;
    this.#trap = trap;
  }

  /** This number of bytes is about to be lifted. */
  lift(bytes: number): void {
    this.#lifted += bytes;
    this.#values += 1;
    if (this.#lifted > FREE_LIFT) this.#chargeLifted();
  }

  release(): void {
    if (this.#lifted === 0) return;
    this.#lifted = 0;
    this.#values = 0;
    if (this.#charged !== 0) this.#budget?.release(this.#charged);
    this.#charged = 0;
  }

  #chargeLifted(): void {
    if (this.#budget === undefined) return;
    if (this.#lifted > MAX_VALUES && this.#values > FEW)
      this.#trap(`the values of one call take more than ${MAX_VALUES} bytes`);
    const more = this.#lifted - this.#charged;
    if (!this.#budget.tryCharge(more)) this.#trap(this.#budget.refusal(more));
    this.#charged = this.#lifted;
  }
}
