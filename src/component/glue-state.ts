/**
 * The key of the glue's state on what `instantiate` returns. In the registry of symbols, because the glue is a module
 * of its own that imports nothing.
 */
export const GLUE_STATE: unique symbol = Symbol.for('wasmcp-node.glue-state');

/** What lean glue keeps about one instance: its handle tables and its calls under way. Opaque, and for that instance only. */
export interface SavedGlueState {
  readonly saved: 'glue state';
}

/**
 * The state of one instance made by lean glue, open to being saved and put back. Together with the memories, the
 * mutable globals and the tables of the core modules it is all the state of an instance; raw glue has none to offer.
 */
export interface GlueState {
  /**
   * Copies the handle tables, as they are now. To be taken right after instantiation.
   *
   * @throws TypeError while a call is under way, or when the instance is dead
   */
  save(): SavedGlueState;
  /**
   * Puts back what was saved, and releases host resources that the guest has kept since then: they are disposed.
   *
   * Returns false, and the instance has to be discarded, when it is dead, when a call is under way, when the guest
   * kept more host resources than a request can excuse (1,000), or when disposing one of them failed.
   */
  restore(saved: SavedGlueState): boolean;
  /**
   * Which inner component owns a memory, by its index in `entered`. A memory that is left out belongs to nobody in
   * particular: it has to be restored always.
   */
  memoryOwners(): Iterable<readonly [memory: WebAssembly.Memory, component: number]>;
  /**
   * 1 at the index of each inner component that was entered, by an export or by another component, since this was last
   * zeroed. The caller zeroes it, after instantiation and after each restore.
   */
  readonly entered: Uint8Array;
  /** Host functions called so far. Above 0 right after instantiation: what the guest was told then (the time, randomness) is in its memory. */
  readonly hostCalls: number;
  /** Host functions that may return a promise can do so now: no start function and no destructor is under way. */
  readonly maySuspend: boolean;
  /** A trap or another exception went through the guest's code: nothing in the instance can be trusted. */
  readonly dead: boolean;
}

/** The state of an instance made by lean glue; undefined for raw glue. */
export function glueState(instance: object): GlueState | undefined {
  return (instance as { readonly [GLUE_STATE]?: GlueState })[GLUE_STATE];
}
