import { readInstruction } from '../wasm/instructions.ts';
import { numberAt, type Reader } from '../wasm/reader.ts';
import { findSection, SECTION, type Section } from '../wasm/sections.ts';
import { readDefinedTables, readTableType } from '../wasm/tables.ts';
import { readGlobalType, readValueType } from '../wasm/types.ts';

const REF_FUNC = 0xd2;
const END = 0x0b;
const FUNCTION = 0;

/** The flags at the beginning of an element segment (WebAssembly core specification, 5.5.12). */
const SEGMENT = { passiveOrDeclared: 1, explicit: 2, expressions: 4 } as const;

type Visit = (index: number) => void;

/** Visits the functions that are exported, or that a table or a global may contain: their callers are unknown. */
export function readRoots(bytes: Uint8Array, sections: readonly Section[], visit: Visit): void {
  const exports = findSection(sections, SECTION.export)?.read();
  exports?.list(() => {
    exports.name();
    const kind = exports.u8();
    const index = exports.u32();
    if (kind === FUNCTION) visit(index);
  });
  const globals = findSection(sections, SECTION.global)?.read();
  globals?.list(() => {
    readGlobalType(globals);
    readConstant(bytes, globals, visit);
  });
  readDefinedTables(sections, readTableType, (reader) => readConstant(bytes, reader, visit));
  const elements = findSection(sections, SECTION.element)?.read();
  elements?.list(() => readSegment(bytes, elements, visit));
}

function readSegment(bytes: Uint8Array, reader: Reader, visit: Visit): void {
  const flags = reader.u32();
  if ((flags & SEGMENT.passiveOrDeclared) === 0) {
    if (flags & SEGMENT.explicit) reader.u32();
    readConstant(bytes, reader, visit);
  }
  const hasType = (flags & (SEGMENT.passiveOrDeclared | SEGMENT.explicit)) !== 0;
  if (flags & SEGMENT.expressions) {
    if (hasType) readValueType(reader);
    reader.list(() => readConstant(bytes, reader, visit));
  } else {
    if (hasType) reader.u8();
    reader.list(() => visit(reader.u32()));
  }
}

/** Visits the functions to which a constant expression refers. */
function readConstant(bytes: Uint8Array, reader: Reader, visit: Visit): void {
  for (;;) {
    const at = reader.position;
    const opcode = readInstruction(reader);
    if (opcode === END) return;
    if (opcode === REF_FUNC) visit(numberAt(bytes, at + 1));
  }
}
