/**
 * The key of the glue's state on the result of `instantiate`. In the global registry of symbols, because the glue imports
 * nothing.
 */
export const GLUE_STATE: unique symbol = Symbol.for('wasmcp-node.glue-state');

/** The state of lean glue for one instance: its handle tables and its calls in progress. Opaque, and for that instance only. */
export interface SavedGlueState {
  readonly saved: 'glue state';
}

/**
 * Saves and restores the glue's state of one instance. Together with the memories, the mutable globals and the tables of the
 * core modules it is all the state of an instance. Raw glue does not have it.
 */
export interface GlueState {
  /**
   * Copies the current handle tables. To be called right after instantiation.
   *
   * @throws TypeError during a call, or if the instance is dead
   */
  save(): SavedGlueState;
  /**
   * Restores what was saved, and disposes of host resources that the guest has kept since then.
   *
   * Returns false, and the instance must be discarded, if it is dead, during a call, if the guest kept more than 1,000 host
   * resources, or if disposing of one of them failed.
   */
  restore(saved: SavedGlueState): boolean;
  /**
   * Which inner component owns a memory, by its index in `entered`. A memory without an entry has no known owner and must
   * always be restored.
   */
  memoryOwners(): Iterable<readonly [memory: WebAssembly.Memory, component: number]>;
  /**
   * 1 at the index of each inner component that was entered, by an export or by another component, since the caller last
   * zeroed the array: after instantiation and after each restore.
   */
  readonly entered: Uint8Array;
  /**
   * Host functions called so far. If any was called during instantiation, its results (the time, randomness) are in the
   * guest's memory.
   */
  readonly hostCalls: number;
  /** Whether host functions may return a promise now: neither a start function nor a destructor is running. */
  readonly maySuspend: boolean;
  /**
   * The guest can be suspended in the middle of its code: no JavaScript is on its stack, as far as is known. That a root call
   * is lifted or lowered is not.
   */
  readonly mayInterrupt: boolean;
  /** A trap or another exception went through the guest's code: the state of the instance is undefined. */
  readonly dead: boolean;
}

/** The state of an instance made by lean glue; undefined for raw glue. */
export function glueState(instance: object): GlueState | undefined {
  return (instance as { readonly [GLUE_STATE]?: GlueState })[GLUE_STATE];
}
