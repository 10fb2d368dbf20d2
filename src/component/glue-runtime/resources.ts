import type { GlueBudget } from '../glue-budget.ts';

/**
 * Maximum number of resources of one type that a guest may hold in addition to those that have a place. More would slow down full
 * garbage collections, for which the other guests of the thread wait.
 */
const MAX_RESOURCES: number = 64 * 1024;

/**
 * The host's resources of one type that a guest holds, by representation. Implements the part of `Map` that the glue uses.
 *
 * Representations are consecutive numbers and mostly short-lived, so their last bits are nearly always a free place. The old
 * tables of a `Map` would keep deleted resources, and with them whole requests, alive until a full garbage collection.
 */
export class Resources {
  readonly #budget: GlueBudget | undefined;
  /** Resources held. */
  size = 0;
  readonly #reps: number[] = new Array(64).fill(0);
  readonly #resources: (object | undefined)[] = new Array(64).fill(undefined);
  /** Resources whose place was taken, in cells that are emptied when they are deleted. */
  readonly #others = new Map<number, { resource: object | undefined }>();

  /** `budget` is charged for resources without a place. */
  constructor(budget?: GlueBudget) {
    this.#budget = budget;
  }

  get(rep: number): object | undefined {
    const at = rep & 63;
    if (this.#reps[at] === rep) return this.#resources[at];
    return this.#others.size === 0 ? undefined : this.#others.get(rep)?.resource;
  }

  set(rep: number, resource: object): void {
    const at = rep & 63;
    const cell = this.#others.get(rep);
    if (cell === undefined && this.get(rep) === undefined) this.size += 1;
    if (cell !== undefined) cell.resource = resource;
    else if (this.#reps[at] === rep || this.#resources[at] === undefined) {
      this.#reps[at] = rep;
      this.#resources[at] = resource;
    } else {
      if (this.#others.size >= MAX_RESOURCES)
        throw new WebAssembly.RuntimeError(
          `the guest holds more than ${MAX_RESOURCES} resources of one type`,
        );
      // Of the host's `HANDLE_COST`.
      if (this.#budget?.tryCharge(500) === false)
        throw new WebAssembly.RuntimeError(this.#budget.refusal(500));
      this.#others.set(rep, { resource });
    }
  }

  delete(rep: number): boolean {
    if (this.get(rep) === undefined) return false;
    this.size -= 1;
    const at = rep & 63;
    if (this.#reps[at] === rep) this.#resources[at] = undefined;
    else {
      this.#others.get(rep)!.resource = undefined;
      this.#others.delete(rep);
      this.#budget?.release(500);
    }
    return true;
  }

  /** In the order of their representations, which is the order in which guests got them. */
  entries(): [rep: number, resource: object][] {
    const entries: [number, object][] = [];
    if (this.size === 0) return entries;
    for (const [at, resource] of this.#resources.entries()) {
      if (resource !== undefined) entries.push([this.#reps[at]!, resource]);
    }
    for (const [rep, { resource }] of this.#others) if (resource !== undefined) entries.push([rep, resource]);
    return entries.sort(([a], [b]) => a - b);
  }
}
