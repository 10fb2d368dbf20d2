import type { TaskLedger } from './ledger.ts';

/** How many tasks there can be. A call above a limit stays a call. */
export interface TaskLimits {
  /** Tasks that run on this host. */
  readonly running: number;
  /** Tasks of one principal that are kept in the store. */
  readonly ofPrincipal: number;
  /** Tasks of all clients without a principal that are kept in the store. */
  readonly ofOthers: number;
}

const MAX_RUNNING = 1000;
const MAX_OF_PRINCIPAL = 100;
const MAX_OF_OTHERS = 1000;

export const LIMITS: TaskLimits = {
  running: MAX_RUNNING,
  ofPrincipal: MAX_OF_PRINCIPAL,
  ofOthers: MAX_OF_OTHERS,
};

/** Counts the tasks of each owner. */
export class TaskQuota {
  readonly #ledger: TaskLedger;
  readonly #limits: TaskLimits;
  /** By owner: tasks that are being created, which the store does not count yet. */
  readonly #creating = new Map<string | undefined, number>();

  constructor(ledger: TaskLedger, limits: TaskLimits) {
    this.#ledger = ledger;
    this.#limits = limits;
  }

  /** Calls `create` if the owner may have one more task; otherwise returns undefined. */
  async within<T>(owner: string | undefined, create: () => Promise<T>): Promise<T | undefined> {
    const most = owner === undefined ? this.#limits.ofOthers : this.#limits.ofPrincipal;
    const before = this.#creating.get(owner) ?? 0;
    this.#creating.set(owner, before + 1);
    try {
      const kept = await this.#ledger.count(owner, most);
      return kept + before < most ? await create() : undefined;
    } finally {
      const left = this.#creating.get(owner)! - 1;
      if (left === 0) this.#creating.delete(owner);
      else this.#creating.set(owner, left);
    }
  }
}
