import { bulkOpcode, managedOpcode, OPCODES, readInstruction } from '../wasm/instructions.ts';
import { afterNumber, numberAt, type Reader } from '../wasm/reader.ts';
import { findSection, readSections, SECTION } from '../wasm/sections.ts';
import { readValueType, skipMemoryType } from '../wasm/types.ts';
import { COSTS, hasUnknownLength, isBulk, isTableBulk, UNKNOWN_LENGTH } from './costs.ts';
import { calledImport, type Imported, PUT_REFERENCES, readImported } from './imported.ts';
import { readRoots } from './roots.ts';
import { createTape, EVENT, record, type Tape } from './tape.ts';

/** What metering needs to know of a core module, as it was before any code was added. */
export interface ModuleOutline {
  readonly imported: Imported;
  /** All its memories. */
  readonly memories: number;
  /** Where each function that it defines begins on the tape. */
  readonly starts: readonly number[];
  readonly tape: Tape;
  /** 1 for each defined function that has bulk operations on memories. */
  readonly bulk: Uint8Array;
  /** 1 for each defined function that has bulk operations on tables. */
  readonly tabular: Uint8Array;
  /** 1 for each defined function that calls imported functions directly, and 2 for others that may call them in other ways. */
  readonly importing: Uint8Array;
  /** 1 for each defined function that grows a memory or a table, or creates an array. */
  readonly growing: Uint8Array;
  /** 1 for each opcode that its functions contain. */
  readonly opcodes: Uint8Array;
  /** Defined functions that may be called in other ways than directly. */
  readonly roots: Set<number>;
}

/**
 * Reads all functions of a core module.
 *
 * @throws WasmcpError `component-invalid`: not readable
 */
export function outlineModule(bytes: Uint8Array): ModuleOutline {
  const sections = readSections(bytes);
  const imported = readImported(sections);
  let isWide = imported.hasWideMemory;
  let defined = 0;
  const memories = findSection(sections, SECTION.memory)?.read();
  memories?.list(() => {
    if (skipMemoryType(memories)) isWide = true;
    defined += 1;
  });
  const code = findSection(sections, SECTION.code);
  const count = code?.read().u32() ?? 0;
  const starts: number[] = [];
  const outline: ModuleOutline = {
    imported,
    memories: imported.memories + defined,
    starts,
    tape: createTape(1024 + Math.ceil((code === undefined ? 0 : code.end - code.start) / 4)),
    bulk: new Uint8Array(count),
    tabular: new Uint8Array(count),
    importing: new Uint8Array(count),
    growing: new Uint8Array(count),
    opcodes: new Uint8Array(OPCODES),
    roots: new Set(),
  };
  const addRoot = (index: number): void => {
    if (index >= imported.functions) outline.roots.add(index - imported.functions);
    else imported.mayBeReferred = true;
  };
  readRoots(bytes, sections, addRoot);
  const reader = code?.read();
  reader?.list(() => {
    starts.push(outline.tape.length);
    readFunction(bytes, reader, outline);
  });
  imported.mayBeReferred ||= PUT_REFERENCES.some((opcode) => outline.opcodes[opcode] === 1);
  // Lengths may then have 64 bits.
  if (isWide) outline.bulk.fill(0);
  return outline;
}

function readFunction(bytes: Uint8Array, reader: Reader, outline: ModuleOutline): void {
  const { opcodes } = outline;
  const end = reader.u32() + reader.position;
  for (let groups = reader.u32(); groups > 0; groups -= 1) {
    reader.u32();
    readValueType(reader);
  }
  let units = 0;
  let opcode = 0;
  while (reader.position < end) {
    const at = reader.position;
    opcode = readInstruction(reader);
    opcodes[opcode] = 1;
    units += COSTS[opcode]!;
    const kind = KINDS[opcode]!;
    if (kind === PLAIN) continue;
    if (kind === BRANCHING) {
      if (units > 0) record(outline.tape, EVENT.units, units);
      units = 0;
    }
    readSpecial(bytes, at, opcode, outline);
  }
  if (reader.position !== end || opcode !== END) reader.fail('a function does not end where it should');
}

/** Records what an instruction in the last function does, unless it is plain. */
function readSpecial(
  bytes: Uint8Array,
  at: number,
  opcode: number,
  { tape, bulk, tabular, importing, growing, roots, starts, imported }: ModuleOutline,
): void {
  const index = starts.length - 1;
  if (opcode < CONTROL.length) CONTROL[opcode]?.(tape, bytes, at + 1, imported.functions);
  const called = calledImport(bytes, at, opcode, imported.functions);
  if (called === 'certainly') importing[index] = 1;
  else if (called === 'possibly') importing[index] ||= 2;
  else if (isBulk(opcode)) bulk[index] = 1;
  else if (isTableBulk(opcode)) tabular[index] = 1;
  else if (GROWS[opcode] === 1) growing[index] = 1;
  if (hasUnknownLength(opcode)) record(tape, EVENT.work, UNKNOWN_LENGTH);
  else if (opcode === REF_FUNC) {
    const referred = numberAt(bytes, at + 1);
    if (referred >= imported.functions) roots.add(referred - imported.functions);
    else imported.mayBeReferred = true;
  }
  // After the prefix, the opcode and the flags.
  else if (CAST_BRANCHES.includes(opcode)) branch(tape, bytes, afterNumber(bytes, at + 1) + 1, 0);
}

const END = 0x0b;

/** `memory.grow`, `table.grow`, and the instructions that create arrays. */
const GROWS: Uint8Array = new Uint8Array(OPCODES);
GROWS[0x40] = 1;
GROWS[bulkOpcode(0x0f)] = 1;
GROWS.fill(1, managedOpcode(0x06), managedOpcode(0x0a) + 1);

const REF_FUNC = 0xd2;

/** `br_on_cast` and `br_on_cast_fail`. */
export const CAST_BRANCHES: readonly number[] = [managedOpcode(0x18), managedOpcode(0x19)];

type Control = (tape: Tape, bytes: Uint8Array, at: number, imported: number) => void;

const only =
  (kind: number): Control =>
  (tape) =>
    record(tape, kind);

const branch: Control = (tape, bytes, at) => record(tape, EVENT.branch, numberAt(bytes, at));

const call: Control = (tape, bytes, at, imported) => {
  const value = numberAt(bytes, at);
  if (value < imported) record(tape, EVENT.callOther);
  else record(tape, EVENT.call, value - imported);
};

const stop = only(EVENT.stop);

const leave: Control = (tape) => {
  record(tape, EVENT.leave);
  record(tape, EVENT.stop);
};

/** All targets, including the default. */
const branchTable: Control = (tape, bytes, at) => {
  let next = afterNumber(bytes, at);
  for (let left = numberAt(bytes, at); left >= 0; left -= 1) {
    record(tape, EVENT.branch, numberAt(bytes, next));
    next = afterNumber(bytes, next);
  }
  record(tape, EVENT.stop);
};

/** Its handlers branch to labels outside, from its first instruction on. */
const tryTable: Control = (tape, bytes, at) => {
  const type = bytes[at]!;
  // A typed reference is followed by a heap type.
  const clauses = afterNumber(bytes, type === 0x63 || type === 0x64 ? at + 1 : at);
  let clause = afterNumber(bytes, clauses);
  for (let left = numberAt(bytes, clauses); left > 0; left -= 1) {
    const label = bytes[clause]! < 2 ? afterNumber(bytes, clause + 1) : clause + 1;
    record(tape, EVENT.branch, numberAt(bytes, label));
    clause = afterNumber(bytes, label);
  }
  record(tape, EVENT.block);
};

/** What control flow does, by opcode (WebAssembly core specification, 5.4.1 Control instructions). */
const CONTROL: readonly (Control | undefined)[] = ((): (Control | undefined)[] => {
  const table: (Control | undefined)[] = new Array(0xd7).fill(undefined);
  const put = (control: Control, ...opcodes: readonly number[]): void => {
    for (const opcode of opcodes) table[opcode] = control;
  };
  put(stop, 0x00);
  put(only(EVENT.block), 0x02, 0x06);
  put(only(EVENT.loop), 0x03);
  put(only(EVENT.if), 0x04);
  put(only(EVENT.else), 0x05);
  put(only(EVENT.catch), 0x07, 0x19);
  // throw, rethrow, throw_ref, return
  put(leave, 0x08, 0x09, 0x0a, 0x0f);
  put(only(EVENT.end), 0x0b, 0x18);
  put((tape, bytes, at) => {
    branch(tape, bytes, at, 0);
    record(tape, EVENT.stop);
  }, 0x0c);
  put(branch, 0x0d, 0xd5, 0xd6);
  put(branchTable, 0x0e);
  put(call, 0x10);
  // call_indirect, call_ref, and their tail calls
  put(only(EVENT.callOther), 0x11, 0x14);
  put(
    (tape, bytes, at, imported) => {
      record(tape, EVENT.callOther);
      leave(tape, bytes, at, imported);
    },
    0x13,
    0x15,
  );
  put((tape, bytes, at, imported) => {
    call(tape, bytes, at, imported);
    leave(tape, bytes, at, imported);
  }, 0x12);
  put(tryTable, 0x1f);
  return table;
})();

/** What `readSpecial` need not see, what ends a sequence of instructions, and the rest. */
const [PLAIN, BRANCHING, SPECIAL] = [0, 1, 2];
const KINDS: Uint8Array = Uint8Array.from({ length: OPCODES }, (_, opcode) => {
  if (CONTROL[opcode] !== undefined || CAST_BRANCHES.includes(opcode)) return BRANCHING;
  const special = opcode === REF_FUNC || isBulk(opcode) || GROWS[opcode] === 1 || hasUnknownLength(opcode);
  return special ? SPECIAL : PLAIN;
});
