import type { GlueState, SavedGlueState } from '../../src/component/glue-state.ts';
import { analyse } from '../../src/snapshot/analyse.ts';
import { type CoreState, exposeState, findState } from '../../src/snapshot/exposed-state.ts';
import { assemble } from '../support/wat.ts';

/** A core instance with its state within reach. */
export interface Guest {
  readonly core: WebAssembly.Instance;
  readonly state: CoreState;
  /** CallStack an export. */
  call(name: string, ...values: (number | bigint)[]): number;
}

/** Compiles a guest from text once; the answer makes instances of it. */
export async function prepareGuest(wat: string): Promise<(imports?: WebAssembly.Imports) => Guest> {
  const bytes = await assemble(wat);
  const module = await WebAssembly.compile(exposeState(bytes, analyse(bytes)) as BufferSource);
  return (imports = {}) => {
    const core = new WebAssembly.Instance(module, imports);
    const functions = core.exports as Record<string, (...values: (number | bigint)[]) => number>;
    return { core, state: findState([core]), call: (name, ...values) => functions[name]!(...values) };
  };
}

/** Glue with state, as far as restoring needs it: memories by owner, and one table. */
export interface HeldGlue extends GlueState {
  readonly table: number[];
  dead: boolean;
  settled: boolean;
}

export function holdGlue(owners: readonly (readonly [WebAssembly.Memory, number])[]): HeldGlue {
  const saves = new Map<SavedGlueState, number[]>();
  const glue: HeldGlue = {
    table: [1, 2],
    dead: false,
    settled: true,
    hostCalls: 0,
    maySuspend: false,
    mayInterrupt: false,
    entered: new Uint8Array(8),
    memoryOwners: () => owners,
    save() {
      const saved = { saved: 'glue state' as const, table: [...glue.table] };
      saves.set(saved, saved.table);
      return saved;
    },
    restore(saved) {
      if (glue.dead || !glue.settled) return false;
      glue.table.splice(0, glue.table.length, ...saves.get(saved)!);
      return true;
    },
  };
  return glue;
}
