import type { GlueState, SavedGlueState } from '../glue-state.ts';
import type { CallStack } from './call-stack.ts';
import type { HandleTable } from './handle-table.ts';
import type { Handles } from './handles.ts';
import type { Resources } from './resources.ts';

/** The state that the glue keeps in its variables. */
export interface Variables {
  readonly handles: Handles;
  readonly tables: HandleTable[];
  /** One for each type. */
  readonly resources: readonly Resources[];
  /** The last representation that was given out, one for each type. */
  readonly counters: () => readonly number[];
  readonly setCounters: (counters: readonly number[]) => void;
  /** Whether each component may leave. */
  readonly flags: ReadonlyMap<number, { value: number }>;
  readonly memoryOwners: () => Iterable<readonly [memory: WebAssembly.Memory, component: number]>;
}

interface Saved extends SavedGlueState {
  readonly tables: readonly (readonly number[])[];
  readonly resources: readonly ReadonlyMap<number, object>[];
  readonly counters: readonly number[];
}

/** A class, because V8 would keep an object literal with getters alive, and with it a discarded instance. */
export class InstanceState implements GlueState {
  readonly #callStack: CallStack;
  readonly #variables: Variables;

  constructor(callStack: CallStack, variables: Variables) {
    this.#callStack = callStack;
    this.#variables = variables;
  }

  save(): SavedGlueState {
    const { tables, resources, counters } = this.#variables;
    if (this.#callStack.isDead() || !this.#callStack.isIdle())
      throw new TypeError('the instance is not at rest');
    const FLAG = 1 << 30;
    for (const [number, table] of tables.entries()) if (table !== undefined) table.number = number;
    const saved: Saved = {
      saved: 'glue state',
      tables: Array.from(tables, (table) => table?.slice() ?? [FLAG, 0]),
      resources: resources.map((held) => new Map(held.entries())),
      counters: counters(),
    };
    return saved;
  }

  restore(state: SavedGlueState): boolean {
    const saved = state as Saved;
    const { resources, setCounters } = this.#variables;
    if (this.#callStack.isDead() || !this.#callStack.isIdle() || !this.#mayAllLeave()) return false;
    const MAX_KEPT = 1_000;
    let held = 0;
    for (const { size } of resources) held += size;
    if (held > MAX_KEPT) return false;
    try {
      for (let index = 0; index < resources.length; index++) {
        if (!this.#restoreResources(resources[index]!, saved.resources[index]!)) return false;
      }
    } catch {
      return false;
    }
    this.#restoreTables(saved.tables);
    setCounters(saved.counters);
    return true;
  }

  memoryOwners(): Iterable<readonly [memory: WebAssembly.Memory, component: number]> {
    return this.#variables.memoryOwners();
  }

  get entered(): Uint8Array {
    return this.#callStack.entered;
  }

  get hostCalls(): number {
    return this.#callStack.hostCalls();
  }

  get maySuspend(): boolean {
    return this.#callStack.maySuspend();
  }

  get mayInterrupt(): boolean {
    return this.#callStack.mayInterrupt();
  }

  get dead(): boolean {
    return this.#callStack.isDead();
  }

  #mayAllLeave(): boolean {
    // Each read is a call into V8.
    if (!this.#callStack.entered.includes(1)) return true;
    for (const flag of this.#variables.flags.values()) if (flag.value !== 1) return false;
    return true;
  }

  /** Only those that have changed, a few of about a hundred. */
  #restoreTables(saved: Saved['tables']): void {
    const { tables, handles } = this.#variables;
    if (tables.length !== saved.length) tables.length = saved.length;
    for (const table of handles.touched()) {
      const before = saved[table.number!];
      if (before === undefined) continue;
      shorten(table, before.length);
      for (let at = 0; at < before.length; at++) table[at] = before[at]!;
    }
  }

  #restoreResources(live: Resources, before: ReadonlyMap<number, object>): boolean {
    if (live.size === 0) return before.size === 0;
    const kept = live.entries().filter(([rep, resource]) => before.get(rep) !== resource);
    // A resource that existed at the start and was given away cannot be restored.
    if (live.size - kept.length !== before.size) return false;
    for (const [rep, resource] of kept.reverse()) {
      live.delete(rep);
      (resource as Partial<Disposable>)[Symbol.dispose]?.();
    }
    return true;
  }
}

/** For a few elements, `pop` costs a fraction of setting the length. */
function shorten(table: HandleTable, length: number): void {
  if (table.length - length > 32) table.length = length;
  while (table.length > length) table.pop();
}
