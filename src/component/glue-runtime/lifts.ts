import type { GlueBudget } from '../glue-budget.ts';
import { ARRAY_COST, ELEMENT_COST, LiftCharge, STRING_COST } from './lift-charge.ts';

/** Charges what raw glue is about to lift for a host function. The charge is released at the next call. */
export interface Lifts {
  begin(): void;
  elements(length: number): void;
  text<T extends ArrayLike<number>>(units: T): T;
  /** Returns its argument. */
  array(size: number): number;
}

export function createLifts(budget: GlueBudget | undefined): Lifts {
  const charge = new LiftCharge(budget, (message) => {
    throw new WebAssembly.RuntimeError(message);
  });
  return {
    begin: () => charge.release(),
    elements: (length) => charge.lift((length >>> 0) * ELEMENT_COST),
    text(units) {
      charge.lift(2 * units.length + STRING_COST);
      return units;
    },
    array(size) {
      charge.lift((size >>> 0) + ARRAY_COST);
      return size;
    },
  };
}
