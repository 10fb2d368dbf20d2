import { WasmcpError } from '../../host/index.ts';
import { DIRTY_MAP_MODULE } from '../wasm/dirty-map.ts';
import { readImports } from '../wasm/imports.ts';
import { bulkOpcode, collectOpcodes, managedOpcode, OPCODES, skipConstant } from '../wasm/instructions.ts';
import { findSection, readSections, SECTION, type Section } from '../wasm/sections.ts';
import { type MemoryType, readGlobalType, readMemoryType, type ValueType } from '../wasm/types.ts';

/** The state that a core module keeps while it runs, and whether it can be saved and restored. Plain data. */
export interface ModuleAnalysis {
  /** Memories that the module defines itself; the first has the index `importedMemories`. */
  readonly memories: readonly MemoryType[];
  readonly importedMemories: number;
  /** Indexes of the mutable globals that the module defines itself. */
  readonly mutableGlobals: readonly number[];
  /** Why restoring memories and globals does not restore its state, human-readable; empty if it does. */
  readonly problems: readonly string[];
}

/** Exports with these names are our own, see `exposeState`. */
export const RESERVED_NAME: RegExp = /^\$[mgd]\d+$/;

/** Instructions that change neither a memory nor a global, but other state. */
const UNREACHABLE_STATE: ReadonlyMap<number, string> = new Map([
  [0x26, 'it changes a table (table.set)'],
  [bulkOpcode(0x09), 'it drops a data segment (data.drop)'],
  [bulkOpcode(0x0c), 'it changes a table (table.init)'],
  [bulkOpcode(0x0d), 'it drops an element segment (elem.drop)'],
  [bulkOpcode(0x0e), 'it changes a table (table.copy)'],
  [bulkOpcode(0x0f), 'it changes a table (table.grow)'],
  [bulkOpcode(0x11), 'it changes a table (table.fill)'],
  [managedOpcode(0x05), 'it changes objects (struct.set)'],
  [managedOpcode(0x0e), 'it changes objects (array.set)'],
  [managedOpcode(0x10), 'it changes objects (array.fill)'],
  [managedOpcode(0x11), 'it changes objects (array.copy)'],
  [managedOpcode(0x12), 'it changes objects (array.init_data)'],
  [managedOpcode(0x13), 'it changes objects (array.init_elem)'],
]);

const NUMBERS: ReadonlySet<ValueType> = new Set(['i32', 'i64', 'f32', 'f64']);

/**
 * Finds the state of a core module. Accepts every byte sequence: one that is not a module, or that uses unknown features, is
 * returned with a problem, because it may have state that this function does not find. The compiler decides whether a module is
 * valid. `opcodes` has 1 at the number of each opcode in the module, if the caller has collected them.
 */
export function analyse(bytes: Uint8Array, opcodes?: Uint8Array): ModuleAnalysis {
  try {
    const sections = readSections(bytes);
    return read(sections, opcodes ?? readOpcodes(sections));
  } catch (error) {
    if (!(error instanceof WasmcpError)) throw error;
    return { memories: [], importedMemories: 0, mutableGlobals: [], problems: [error.message] };
  }
}

function readOpcodes(sections: readonly Section[]): Uint8Array {
  const opcodes = new Uint8Array(OPCODES);
  const code = findSection(sections, SECTION.code)?.read();
  code?.list(() => collectOpcodes(code, opcodes));
  return opcodes;
}

function read(sections: readonly Section[], opcodes: Uint8Array): ModuleAnalysis {
  const problems = new Set<string>();
  const imported = countImports(sections);
  if (imported.reserved) problems.add(`it imports from the reserved name ${DIRTY_MAP_MODULE}`);
  const memories: MemoryType[] = [];
  const mutableGlobals: number[] = [];

  const memorySection = findSection(sections, SECTION.memory)?.read();
  memorySection?.list(() => memories.push(readMemoryType(memorySection)));

  let globals = imported.globals;
  const globalSection = findSection(sections, SECTION.global)?.read();
  globalSection?.list(() => {
    const { type, mutable } = readGlobalType(globalSection);
    skipConstant(globalSection);
    if (mutable) mutableGlobals.push(globals);
    if (mutable && !NUMBERS.has(type)) problems.add(`it has a mutable global of type ${type}`);
    globals += 1;
  });

  const exportSection = findSection(sections, SECTION.export)?.read();
  exportSection?.list(() => {
    const name = exportSection.name();
    exportSection.u8();
    exportSection.u32();
    if (RESERVED_NAME.test(name)) problems.add(`it exports the reserved name ${name}`);
  });

  for (const [opcode, problem] of UNREACHABLE_STATE) if (opcodes[opcode] === 1) problems.add(problem);

  return { memories, importedMemories: imported.memories, mutableGlobals, problems: [...problems] };
}

/** What a module imports is the state of the module that defines it; only the numbering matters here. */
export function countImports(sections: readonly Section[]): {
  memories: number;
  globals: number;
  reserved: boolean;
} {
  const counts = { memories: 0, globals: 0, reserved: false };
  const section = findSection(sections, SECTION.import)?.read();
  if (section === undefined) return counts;
  readImports(section, {
    name(module) {
      if (module === DIRTY_MAP_MODULE) counts.reserved = true;
    },
    memory(reader) {
      readMemoryType(reader);
      counts.memories += 1;
    },
    global(reader) {
      readGlobalType(reader);
      counts.globals += 1;
    },
  });
  return counts;
}
