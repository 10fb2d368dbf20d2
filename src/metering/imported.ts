import { readImports } from '../wasm/imports.ts';
import { bulkOpcode } from '../wasm/instructions.ts';
import { numberAt, type Reader } from '../wasm/reader.ts';
import { findSection, SECTION, type Section } from '../wasm/sections.ts';
import { readTableType } from '../wasm/tables.ts';
import { readGlobalType, skipMemoryType, type ValueType } from '../wasm/types.ts';

/** What a core module imports. */
export interface Imported {
  /** How many functions and memories. */
  readonly functions: number;
  readonly memories: number;
  /** One of the memories has 64 bits. */
  readonly hasWideMemory: boolean;
  /** Its tables and references may contain functions of others: what is called through them may be the host. */
  mayBeReferred: boolean;
}

const TABLE = 1;
const NUMBERS: ReadonlySet<ValueType> = new Set(['i32', 'i64', 'f32', 'f64', 'v128']);

/** Others can write to a table that is imported or exported. References in functions and in segments are not read here. */
export function readImported(sections: readonly Section[]): Imported {
  const imported = {
    functions: 0,
    memories: 0,
    hasWideMemory: false,
    mayBeReferred: exportsTable(findSection(sections, SECTION.export)?.read()),
  };
  const reader = findSection(sections, SECTION.import)?.read();
  if (reader === undefined) return imported;
  readImports(reader, {
    function() {
      imported.functions += 1;
    },
    memory(memory) {
      if (skipMemoryType(memory)) imported.hasWideMemory = true;
      imported.memories += 1;
    },
    table(table) {
      readTableType(table);
      imported.mayBeReferred = true;
    },
    global(global) {
      if (!NUMBERS.has(readGlobalType(global).type)) imported.mayBeReferred = true;
    },
  });
  return imported;
}

function exportsTable(reader: Reader | undefined): boolean {
  let found = false;
  reader?.list(() => {
    reader.name();
    if (reader.u8() === TABLE) found = true;
    reader.u32();
  });
  return found;
}

/** `table.set`, `table.grow` and `table.fill` take references from anywhere. */
export const PUT_REFERENCES: readonly number[] = [0x26, bulkOpcode(0x0f), bulkOpcode(0x11)];

const [CALL, RETURN_CALL] = [0x10, 0x12];
/** `call_indirect`, `return_call_indirect`, `call_ref`, `return_call_ref`. */
const OTHER_CALLS: readonly number[] = [0x11, 0x13, 0x14, 0x15];

/** Whether this instruction calls one of so many imported functions; possibly, if it calls through a table or a reference. */
export function calledImport(
  bytes: Uint8Array,
  at: number,
  opcode: number,
  functions: number,
): 'certainly' | 'possibly' | undefined {
  if (opcode === CALL || opcode === RETURN_CALL) {
    return numberAt(bytes, at + 1) < functions ? 'certainly' : undefined;
  }
  return OTHER_CALLS.includes(opcode) ? 'possibly' : undefined;
}

/** Whether it is a tail call: nothing in its function is executed afterwards. */
export function isTailCall(opcode: number): boolean {
  return opcode === RETURN_CALL || opcode === 0x13 || opcode === 0x15;
}
