import type { GlueState, SavedGlueState } from '../state.ts';
import type { Calls } from './calls.ts';
import type { HandleTable } from './handle-table.ts';

type Resources = Map<number, object>;

/** What the glue keeps in variables of its own. */
export interface Variables {
  readonly tables: HandleTable[];
  /** The host's resources that guests hold, by representation; one map for each type. */
  readonly resources: readonly Resources[];
  /** The representation given last, one for each type. */
  readonly counters: () => readonly number[];
  readonly setCounters: (counters: readonly number[]) => void;
  /** Whether each component may leave. */
  readonly flags: ReadonlyMap<number, { value: number }>;
  readonly memoryOwners: () => Iterable<readonly [memory: WebAssembly.Memory, component: number]>;
}

export function createGlueState(calls: Calls, variables: Variables): GlueState {
  interface Saved extends SavedGlueState {
    readonly tables: readonly (readonly number[])[];
    readonly resources: readonly Resources[];
    readonly counters: readonly number[];
  }
  const { tables, resources, counters, setCounters, flags, memoryOwners } = variables;
  const MAX_KEPT = 1_000;
  const FLAG = 1 << 30;

  function mayAllLeave(): boolean {
    for (const flag of flags.values()) if (flag.value !== 1) return false;
    return true;
  }

  function restoreTables(saved: Saved): void {
    if (tables.length !== saved.tables.length) tables.length = saved.tables.length;
    for (let index = 0; index < tables.length; index++) {
      const table = tables[index];
      if (table === undefined) continue;
      const before = saved.tables[index]!;
      // To set what is there already would take longer than all the rest: most tables were not touched.
      if (table.length !== before.length) table.length = before.length;
      for (let at = 0; at < before.length; at++) if (table[at] !== before[at]) table[at] = before[at]!;
    }
  }

  function restoreResources(live: Resources, before: Resources): boolean {
    if (live.size === 0) return before.size === 0;
    const kept = [...live].filter(([rep, resource]) => before.get(rep) !== resource);
    // One that was there at the start and was given away since cannot be brought back.
    if (live.size - kept.length !== before.size) return false;
    for (const [rep, resource] of kept.reverse()) {
      live.delete(rep);
      (resource as Partial<Disposable>)[Symbol.dispose]?.();
    }
    return true;
  }

  return {
    save() {
      if (calls.isDead() || !calls.isIdle()) throw new TypeError('the instance is not at rest');
      const saved: Saved = {
        saved: 'glue state',
        tables: Array.from(tables, (table) => table?.slice() ?? [FLAG, 0]),
        resources: resources.map((map) => new Map(map)),
        counters: counters(),
      };
      return saved;
    },
    restore(state) {
      const saved = state as Saved;
      if (calls.isDead() || !calls.isIdle() || !mayAllLeave()) return false;
      let held = 0;
      for (const map of resources) held += map.size;
      if (held > MAX_KEPT) return false;
      try {
        for (let index = 0; index < resources.length; index++) {
          if (!restoreResources(resources[index]!, saved.resources[index]!)) return false;
        }
      } catch {
        return false;
      }
      restoreTables(saved);
      setCounters(saved.counters);
      return true;
    },
    memoryOwners,
    entered: calls.entered,
    get hostCalls() {
      return calls.hostCalls();
    },
    get maySuspend() {
      return calls.maySuspend();
    },
    get dead() {
      return calls.isDead();
    },
  };
}
