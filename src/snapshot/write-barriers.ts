import { BLOCK, BLOCK_SHIFT, MAP_START } from '../wasm/dirty-map.ts';
import {
  createOutput,
  encodeSection,
  type Output,
  put,
  putAll,
  putByte,
  putConstant,
  putNumber,
  written,
} from '../wasm/encode.ts';
import { atomicOpcode, bulkOpcode, OPCODES, readInstruction, simdOpcode } from '../wasm/instructions.ts';
import { afterNumber, numberAt, type Reader } from '../wasm/reader.ts';
import { SECTION, type Section } from '../wasm/sections.ts';
import { readValueType } from '../wasm/types.ts';
import { MAX_BODY, MAX_LOCALS } from '../wasm/v8-limits.ts';

const I32 = 0x7f;
const I64 = 0x7e;
const F32 = 0x7d;
const F64 = 0x7c;
const V128 = 0x7b;

/** The type of the stored value, by opcode; 0 for opcodes that store nothing. */
const STORED: Uint8Array = new Uint8Array(OPCODES);
for (const [type, ...opcodes] of [
  [I32, 0x36, 0x3a, 0x3b],
  [I64, 0x37, 0x3c, 0x3d, 0x3e],
  [F32, 0x38],
  [F64, 0x39],
  [V128, ...[0x0b, 0x58, 0x59, 0x5a, 0x5b].map(simdOpcode)],
] as const) {
  for (const opcode of opcodes) STORED[opcode] = type;
}

/** Atomic stores and read-modify-write operations. They cannot be marked. */
const isAtomicWrite = (opcode: number): boolean => opcode >= atomicOpcode(0x17);

/** Largest offset with which the widest store, of 16 bytes, ends within a block after its address. */
const REACH: number = BLOCK - 16;

/** Operations with a destination, another operand, and a length on the stack. */
const INIT: number = bulkOpcode(0x08);
const COPY: number = bulkOpcode(0x0a);
const FILL: number = bulkOpcode(0x0b);

const MULTI_MEMORY = 0x40;

const ADD = 0x6a;
const SHR = 0x76;
const GET = 0x20;
const SET = 0x21;
const TEE = 0x22;

function putLocal(output: Output, instruction: number, index: number): void {
  putByte(output, instruction);
  putNumber(output, index);
}

/** Converts an address into the index of its block. */
function putBlockIndex(output: Output): void {
  putConstant(output, BLOCK_SHIFT);
  putByte(output, SHR);
}

/** Marks the block whose index the preceding instructions have computed. */
function putMark(output: Output, dirtyMap: number): void {
  putConstant(output, 1);
  putByte(output, 0x3a);
  putByte(output, MULTI_MEMORY);
  putNumber(output, dirtyMap);
  putByte(output, MAP_START);
}

/** The body of a function that is being written. */
interface Body {
  /** The number of groups of locals, and the groups. */
  readonly locals: Output;
  readonly code: Output;
}

/**
 * The code section with a mark before each write; undefined if not all writes can be marked, or if a function becomes too
 * large for V8. The dirty map of memory `n` is memory `memories + n`; `parametersOf` returns the number of parameters of a
 * function of this section.
 */
export function addWriteBarriers(
  bytes: Uint8Array,
  section: Section,
  memories: number,
  parametersOf: (index: number) => number,
): Uint8Array | undefined {
  const reader = section.read();
  const output = createOutput(2 * (section.end - section.start));
  const locals = createOutput(64);
  const code = createOutput(0x1_0000);
  const count = reader.u32();
  putNumber(output, count);
  for (let index = 0; index < count; index += 1) {
    const length = reader.u32();
    const from = reader.position;
    locals.length = code.length = 0;
    const added = rewriteBody({ locals, code }, bytes, reader, from + length, memories, parametersOf(index));
    if (added === undefined) return undefined;
    if (added) {
      putNumber(output, locals.length + code.length);
      putAll(output, locals.bytes, 0, locals.length);
      putAll(output, code.bytes, 0, code.length);
    } else {
      putNumber(output, length);
      putAll(output, bytes, from, from + length);
    }
  }
  return encodeSection(SECTION.code, written(output));
}

/** Returns false if the function writes nothing; undefined if not all of its writes can be marked. */
function rewriteBody(
  { locals, code }: Body,
  bytes: Uint8Array,
  reader: Reader,
  end: number,
  memories: number,
  parameters: number,
): boolean | undefined {
  const groups = reader.u32();
  const groupsAt = reader.position;
  let present = parameters;
  for (let group = 0; group < groups; group += 1) {
    present += reader.u32();
    readValueType(reader);
  }
  const codeAt = reader.position;
  const added: number[] = [];
  let copied = codeAt;

  /** The index of the `nth` added local of this type. */
  function local(type: number, nth = 0): number {
    let at = -1;
    for (let n = 0; n <= nth; n += 1) {
      at = added.indexOf(type, at + 1);
      if (at < 0) at = added.push(type) - 1;
    }
    return present + at;
  }

  while (reader.position < end) {
    const at = reader.position;
    const opcode = readInstruction(reader);
    if (isAtomicWrite(opcode)) return undefined;
    const stored = STORED[opcode]!;
    if (stored === 0 && opcode !== FILL && opcode !== COPY && opcode !== INIT) continue;
    putAll(code, bytes, copied, at);
    copied = at;
    const a = local(I32);
    if (stored !== 0) {
      const alignment = alignmentAt(bytes, at);
      let offsetAt = afterNumber(bytes, alignment);
      let memory = 0;
      if (numberAt(bytes, alignment) & MULTI_MEMORY) {
        memory = numberAt(bytes, offsetAt);
        offsetAt = afterNumber(bytes, offsetAt);
      }
      const offset = numberAt(bytes, offsetAt);
      const v = local(stored, stored === I32 ? 1 : 0);
      putLocal(code, SET, v);
      putLocal(code, TEE, a);
      if (offset > REACH) {
        putConstant(code, offset);
        putByte(code, ADD);
      }
      putBlockIndex(code);
      putMark(code, memories + memory);
      putLocal(code, GET, a);
      putLocal(code, GET, v);
    } else {
      const dirtyMap = memories + destination(bytes, at, opcode);
      const [b, n] = [local(I32, 1), local(I32, 2)];
      putLocal(code, SET, n);
      putLocal(code, SET, b);
      putLocal(code, TEE, a);
      putBlockIndex(code);
      putMark(code, dirtyMap);
      putMarks(code, dirtyMap, a, n);
      putLocal(code, GET, a);
      putLocal(code, GET, b);
      putLocal(code, GET, n);
    }
  }
  if (added.length === 0) return false;
  if (present + added.length > MAX_LOCALS) return undefined;
  putAll(code, bytes, copied, end);
  putNumber(locals, groups + added.length);
  putAll(locals, bytes, groupsAt, codeAt);
  for (const type of added) put(locals, 1, type);
  return locals.length + code.length > MAX_BODY ? undefined : true;
}

/** If the range in these locals is longer than a block, marks all of its blocks, and possibly one too many. */
function putMarks(output: Output, dirtyMap: number, address: number, length: number): void {
  putLocal(output, GET, length);
  putConstant(output, BLOCK);
  put(output, 0x4b, 0x04, 0x40); // i32.gt_u, if
  putLocal(output, GET, address);
  putBlockIndex(output);
  putConstant(output, MAP_START);
  put(output, ADD);
  putConstant(output, 1);
  putLocal(output, GET, length);
  putBlockIndex(output);
  putConstant(output, 2);
  put(output, ADD, 0xfc, 0x0b); // memory.fill
  putNumber(output, dirtyMap);
  put(output, 0x0b); // end
}

/** The position of the alignment of the store at this position, which was read before, so it is complete. */
function alignmentAt(bytes: Uint8Array, at: number): number {
  return bytes[at] === 0xfd ? afterNumber(bytes, at + 1) : at + 1;
}

/** The memory that a bulk operation writes to. */
function destination(bytes: Uint8Array, at: number, opcode: number): number {
  const first = afterNumber(bytes, at + 1);
  return numberAt(bytes, opcode === INIT ? afterNumber(bytes, first) : first);
}
