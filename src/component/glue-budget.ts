import type { GuestBudget } from '../../host/index.ts';

/** The key of the guest's budget among the imports. In the registry of symbols, because the glue is a module of its own. */
export const GLUE_BUDGET: unique symbol = Symbol.for('wasmcp-node.budget');

/** The budget that glue charges: for contents that it lifts for a host function, and for handles. */
export type GlueBudget = Pick<GuestBudget, 'tryCharge' | 'release' | 'refusal'> &
  Partial<Pick<GuestBudget, 'returned'>>;
