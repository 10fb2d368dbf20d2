import type { Reader } from '../binary/reader.ts';
import { concat, encodeNumber, encodeSection } from './encode.ts';
import { bulkOpcode, readInstruction, simdOpcode } from './instructions.ts';
import { SECTION, type Section } from './sections.ts';
import { readValueType } from './types.ts';

/**
 * The card of address `a` is the byte at `FIRST_CARD + (a >>> CARD_SHIFT)`. When it is set, so much may have changed as begins
 * in its block and is no longer than a block: it may end in the next one.
 */
const FIRST_CARD = 16;
const CARD_SHIFT = 12;

const I32 = 0x7f;
const I64 = 0x7e;
const F32 = 0x7d;
const F64 = 0x7c;
const V128 = 0x7b;

/** Stores, by opcode, with the type of what they store. */
const STORES: ReadonlyMap<number, number> = new Map([
  [0x36, I32],
  [0x37, I64],
  [0x38, F32],
  [0x39, F64],
  [0x3a, I32],
  [0x3b, I32],
  [0x3c, I64],
  [0x3d, I64],
  [0x3e, I64],
  [simdOpcode(0x0b), V128],
  [simdOpcode(0x58), V128],
  [simdOpcode(0x59), V128],
  [simdOpcode(0x5a), V128],
  [simdOpcode(0x5b), V128],
]);

/** Largest offset from an address with which the widest store, of 16 bytes, ends within a block of it. */
const REACH: number = (1 << CARD_SHIFT) - 16;

/** With a destination, another number, and a length on the stack. */
const INIT: number = bulkOpcode(0x08);
const COPY: number = bulkOpcode(0x0a);
const FILL: number = bulkOpcode(0x0b);

const MULTI_MEMORY = 0x40;

/** Bytes that grow at the end. */
interface Output {
  bytes: Uint8Array;
  length: number;
}

function put(output: Output, part: Uint8Array | readonly number[]): void {
  const needed = output.length + part.length;
  if (needed > output.bytes.length) {
    const larger = new Uint8Array(2 * needed);
    larger.set(output.bytes.subarray(0, output.length));
    output.bytes = larger;
  }
  output.bytes.set(part, output.length);
  output.length = needed;
}

function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [...encodeNumber(value)];
}

/** `i32.const`: signed LEB128 of what may be above 2^31. */
function constant(value: number): number[] {
  const bytes = [0x41];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

const ADD = 0x6a;
const SHR = 0x76;
const GET = 0x20;
const SET = 0x21;
const TEE = 0x22;

/** Stores a 1 to the card whose number is computed by what comes in front. */
function mark(cards: number): number[] {
  return [...constant(1), 0x3a, MULTI_MEMORY, ...unsigned(cards), FIRST_CARD];
}

/**
 * The code section with a mark before each write. The cards of memory `n` are memory `memories + n`; `parametersOf` tells how
 * many parameters a function of this section has.
 */
export function markWrites(
  bytes: Uint8Array,
  section: Section,
  memories: number,
  parametersOf: (index: number) => number,
): Uint8Array {
  const reader = section.read();
  const output: Output = { bytes: new Uint8Array(2 * (section.end - section.start)), length: 0 };
  let index = 0;
  const count = reader.u32();
  put(output, unsigned(count));
  for (; index < count; index += 1) {
    const length = reader.u32();
    const from = reader.position;
    const body = rewriteBody(bytes, reader, from + length, memories, parametersOf(index));
    const whole = body ?? bytes.subarray(from, from + length);
    put(output, unsigned(whole.length));
    put(output, whole);
  }
  return encodeSection(SECTION.code, output.bytes.subarray(0, output.length));
}

/** Undefined when it writes nothing. */
function rewriteBody(
  bytes: Uint8Array,
  reader: Reader,
  end: number,
  memories: number,
  parameters: number,
): Uint8Array | undefined {
  const localsAt = reader.position;
  let locals = parameters;
  let groups = 0;
  reader.list(() => {
    locals += reader.u32();
    readValueType(reader);
    groups += 1;
  });
  const groupsAt = number(bytes, localsAt).next;
  const localsEnd = reader.position;
  const added: number[] = [];
  const local = (type: number, nth = 0): number[] => {
    let at = -1;
    for (let n = 0; n <= nth; n += 1) {
      at = added.indexOf(type, at + 1);
      if (at < 0) at = added.push(type) - 1;
    }
    return unsigned(locals + at);
  };
  let output: Output | undefined;
  let copied = localsEnd;

  function flush(until: number): Output {
    output ??= { bytes: new Uint8Array(2 * (end - localsEnd) + 64), length: 0 };
    put(output, bytes.subarray(copied, until));
    copied = until;
    return output;
  }

  while (reader.position < end) {
    const at = reader.position;
    const opcode = readInstruction(reader);
    const stored = STORES.get(opcode);
    if (stored !== undefined) {
      const { memory, offset } = memoryArgument(bytes, at);
      const [a, v] = [local(I32), local(stored, stored === I32 ? 1 : 0)];
      const address = offset <= REACH ? [] : [...constant(offset), ADD];
      put(flush(at), [
        ...[SET, ...v, TEE, ...a, ...address, ...constant(CARD_SHIFT), SHR, ...mark(memories + memory)],
        ...[GET, ...a, GET, ...v],
      ]);
    } else if (opcode === FILL || opcode === COPY || opcode === INIT) {
      const memory = destination(bytes, at, opcode);
      const [a, b, n] = [local(I32), local(I32, 1), local(I32, 2)];
      const cards = memories + memory;
      put(flush(at), [
        ...[SET, ...n, SET, ...b, TEE, ...a, ...constant(CARD_SHIFT), SHR, ...mark(cards)],
        // More than a block: all of its blocks, and perhaps one too many.
        ...[GET, ...n, ...constant(1 << CARD_SHIFT), 0x4b, 0x04, 0x40],
        ...[GET, ...a, ...constant(CARD_SHIFT), SHR, ...constant(FIRST_CARD), ADD, ...constant(1)],
        ...[GET, ...n, ...constant(CARD_SHIFT), SHR, ...constant(2), ADD],
        ...[0xfc, 0x0b, ...unsigned(cards), 0x0b],
        ...[GET, ...a, GET, ...b, GET, ...n],
      ]);
    }
  }
  if (output === undefined) return undefined;
  flush(end);
  const kept = output as Output;
  return concat([
    Uint8Array.from(unsigned(groups + added.length)),
    bytes.subarray(groupsAt, localsEnd),
    Uint8Array.from(added.flatMap((type) => [1, type])),
    kept.bytes.subarray(0, kept.length),
  ]);
}

function number(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  let next = at;
  for (let scale = 1; ; scale *= 0x80) {
    const byte = bytes[next]!;
    next += 1;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, next };
  }
}

/** Of the store at this position, which was stepped over before: it is whole. */
function memoryArgument(bytes: Uint8Array, at: number): { memory: number; offset: number } {
  const opcode = bytes[at] === 0xfd ? number(bytes, at + 1).next : at + 1;
  const alignment = number(bytes, opcode);
  const memory =
    alignment.value & MULTI_MEMORY ? number(bytes, alignment.next) : { value: 0, next: alignment.next };
  return { memory: memory.value, offset: number(bytes, memory.next).value };
}

/** The memory that a bulk operation writes to. */
function destination(bytes: Uint8Array, at: number, opcode: number): number {
  const first = number(bytes, number(bytes, at + 1).next);
  return opcode === INIT ? number(bytes, first.next).value : first.value;
}
