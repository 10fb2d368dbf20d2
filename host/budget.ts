/** Default limit: bytes that the host holds for one guest. */
export const DEFAULT_MAX_HOST_MEMORY: number = 256 * 1024 * 1024;

/**
 * Bytes of these that may be header fields: four times as many as 64 outgoing requests with heads of 16 KiB. Their values are
 * small pieces of memory, which malloc(3) takes from an arena of the thread and rarely returns to the system.
 */
export const MAX_FIELDS: number = 4 * 1024 * 1024;

/** Bytes charged for a handle on a host object: the object, its table entries, and what it keeps alive. */
export const HANDLE_COST = 500;

/** Size in bytes of a single charge from which the host function is expected to take some time. */
const LARGE = 64 * 1024;

/** Bytes that a budget takes from its parent at a time, so that small charges do not reach the parent. */
const SHARE = 1024 * 1024;

/** Bytes that the host holds for one guest besides its linear memory. Every host object is charged before it is made. */
export interface Budget {
  readonly limit: number;
  readonly used: number;
  /** Returns false, and charges nothing, if the limit would be exceeded. */
  tryCharge(bytes: number): boolean;
  /** Traps if the limit would be exceeded. */
  charge(bytes: number): void;
  /** Releases bytes that were charged. */
  release(bytes: number): void;
}

/** The budget as the host of its guest uses it. */
export interface GuestBudget extends Budget {
  /** Why a charge of this many bytes was refused: names the limit and the option. */
  refusal(bytes: number): string;
  /** As `charge`, for header fields, which have a lower limit of their own. */
  chargeFields(bytes: number): void;
  releaseFields(bytes: number): void;
  /** Charges what exists already, even beyond the limit. */
  hold(bytes: number): void;
  /** See `BudgetOptions`. */
  readonly returned: (() => void) | undefined;
  /** Releases everything, and returns all that was taken from the parent: nothing is held for the guest any longer. */
  reset(): void;
}

/** Where budgets take their bytes from, such as the memory of the process. */
export interface BudgetParent {
  /** Returns false, and takes nothing, if it has fewer bytes left. */
  tryCharge(bytes: number): boolean;
  release(bytes: number): void;
  /** Why it refused, such as `the process holds 2 GiB for guests, its limit (--memory-budget)`. */
  refusal(): string;
}

export interface BudgetOptions {
  /** In bytes; 256 MiB by default. */
  readonly limit?: number | undefined;
  readonly parent?: BudgetParent | undefined;
  /** Called when many bytes are charged at once: the host function will take some time. */
  readonly large?: (() => void) | undefined;
  /** For the glue, which calls it now and then when a host function has returned: such functions take time, too. */
  readonly returned?: (() => void) | undefined;
}

export function createBudget({
  limit = DEFAULT_MAX_HOST_MEMORY,
  parent,
  large,
  returned,
}: BudgetOptions = {}): GuestBudget {
  return new Account(limit, parent, large, returned);
}

/** A class, as an object literal with accessors would keep its guest alive until a full garbage collection. */
class Account implements GuestBudget {
  readonly limit: number;
  readonly returned: (() => void) | undefined;
  readonly #parent: BudgetParent | undefined;
  readonly #large: (() => void) | undefined;
  #used = 0;
  /** The part of `#used` that is for header fields. */
  #fields = 0;
  /** Bytes taken from the parent. Without one there is nothing to take. */
  #share: number;

  constructor(
    limit: number,
    parent: BudgetParent | undefined,
    large: (() => void) | undefined,
    returned: (() => void) | undefined,
  ) {
    this.limit = limit;
    this.returned = returned;
    this.#large = large;
    this.#parent = parent;
    this.#share = parent === undefined ? Number.POSITIVE_INFINITY : 0;
  }

  get used(): number {
    return this.#used;
  }

  tryCharge(bytes: number): boolean {
    const used = this.#used + bytes;
    if (used > this.limit || (used > this.#share && !this.#take(used))) return false;
    this.#used = used;
    if (bytes >= LARGE) this.#large?.();
    return true;
  }

  charge(bytes: number): void {
    if (!this.tryCharge(bytes)) throw new WebAssembly.RuntimeError(this.refusal(bytes));
  }

  chargeFields(bytes: number): void {
    const fields = this.#fields + bytes;
    if (fields > MAX_FIELDS)
      throw new WebAssembly.RuntimeError(
        `the header fields of the guest would take ${fields} bytes, the limit is ${MAX_FIELDS}`,
      );
    this.charge(bytes);
    this.#fields = fields;
  }

  releaseFields(bytes: number): void {
    this.#fields = Math.max(0, this.#fields - bytes);
    this.release(bytes);
  }

  hold(bytes: number): void {
    if (!this.tryCharge(bytes)) this.#used += bytes;
  }

  release(bytes: number): void {
    // Never below 0: objects of a guest that was reset may still be dropped.
    this.#used = Math.max(0, this.#used - bytes);
    if (this.#share - this.#used >= 2 * SHARE && this.#parent !== undefined) this.#giveBack();
  }

  refusal(bytes: number): string {
    if (this.#used + bytes <= this.limit && this.#parent !== undefined) return this.#parent.refusal();
    return `the host would hold ${this.#used + bytes} bytes for the guest, the limit is ${this.limit} (--max-host-memory)`;
  }

  reset(): void {
    this.#used = 0;
    this.#fields = 0;
    if (this.#parent === undefined || this.#share === 0) return;
    this.#parent.release(this.#share);
    this.#share = 0;
  }

  #take(used: number): boolean {
    const needed = Math.ceil((used - this.#share) / SHARE) * SHARE;
    if (this.#parent?.tryCharge(needed) !== true) return false;
    this.#share += needed;
    return true;
  }

  /** Keeps one share in reserve for what each call charges and releases. */
  #giveBack(): void {
    const kept = Math.ceil(this.#used / SHARE) * SHARE + SHARE;
    this.#parent?.release(this.#share - kept);
    this.#share = kept;
  }
}
