import type { Reader } from './reader.ts';
import { readValueType, skipBlockType, skipHeapType } from './types.ts';

/** How to skip the immediates of an opcode (WebAssembly core specification, 5.4 Instructions). */
const SKIP = {
  none: () => {},
  byte: (reader) => reader.skip(1),
  '4 bytes': (reader) => reader.skip(4),
  '8 bytes': (reader) => reader.skip(8),
  '16 bytes': (reader) => reader.skip(16),
  number: (reader) => reader.skipNumber(),
  index: (reader) => reader.skipNumber(),
  'two indexes': (reader) => {
    reader.skipNumber();
    reader.skipNumber();
  },
  'heap type': skipHeapType,
  'cast branch': (reader) => {
    reader.skip(1);
    reader.u32();
    skipHeapType(reader);
    skipHeapType(reader);
  },
  types: (reader) => reader.list(() => readValueType(reader)),
  block: skipBlockType,
  'branch table': (reader) => {
    reader.list(() => reader.u32());
    reader.u32();
  },
  'try table': (reader) => {
    skipBlockType(reader);
    reader.list(() => skipCatch(reader));
  },
  memory: skipMemoryArgument,
  'memory and lane': (reader) => {
    skipMemoryArgument(reader);
    reader.skip(1);
  },
} as const satisfies Record<string, (reader: Reader) => void>;

type Immediates = keyof typeof SKIP;

type Range = readonly [immediates: Immediates, first: number, last?: number];

/** Legacy and current exception handling, tail calls and typed function references included. */
const PLAIN: readonly Range[] = [
  ['none', 0x00, 0x01], // unreachable, nop
  ['block', 0x02, 0x04], // block, loop, if
  ['none', 0x05], // else
  ['block', 0x06], // try
  ['index', 0x07, 0x09], // catch, throw, rethrow
  ['none', 0x0a], // throw_ref
  ['none', 0x0b], // end
  ['index', 0x0c, 0x0d], // br, br_if
  ['branch table', 0x0e],
  ['none', 0x0f], // return
  ['index', 0x10], // call
  ['two indexes', 0x11], // call_indirect
  ['index', 0x12], // return_call
  ['two indexes', 0x13], // return_call_indirect
  ['index', 0x14, 0x15], // call_ref, return_call_ref
  ['index', 0x18], // delegate
  ['none', 0x19, 0x1b], // catch_all, drop, select
  ['types', 0x1c], // select with types
  ['try table', 0x1f],
  ['index', 0x20, 0x26], // local.*, global.*, table.get, table.set
  ['memory', 0x28, 0x3e],
  ['index', 0x3f, 0x40], // memory.size, memory.grow
  ['number', 0x41, 0x42],
  ['4 bytes', 0x43],
  ['8 bytes', 0x44],
  ['none', 0x45, 0xc4], // numeric, sign extension
  ['heap type', 0xd0], // ref.null
  ['none', 0xd1], // ref.is_null
  ['index', 0xd2], // ref.func
  ['none', 0xd3, 0xd4], // ref.eq, ref.as_non_null
  ['index', 0xd5, 0xd6], // br_on_null, br_on_non_null
];

const MANAGED: readonly Range[] = [
  ['index', 0x00, 0x01], // struct.new, struct.new_default
  ['two indexes', 0x02, 0x05], // struct.get*, struct.set
  ['index', 0x06, 0x07], // array.new, array.new_default
  ['two indexes', 0x08, 0x0a], // array.new_fixed, array.new_data, array.new_elem
  ['index', 0x0b, 0x0e], // array.get*, array.set
  ['none', 0x0f], // array.len
  ['index', 0x10], // array.fill
  ['two indexes', 0x11, 0x13], // array.copy, array.init_data, array.init_elem
  ['heap type', 0x14, 0x17], // ref.test, ref.cast
  ['cast branch', 0x18, 0x19], // br_on_cast, br_on_cast_fail
  ['none', 0x1a, 0x1e], // any.convert_extern, extern.convert_any, i31
];

const BULK: readonly Range[] = [
  ['none', 0x00, 0x07], // saturating truncation
  ['two indexes', 0x08], // memory.init
  ['index', 0x09], // data.drop
  ['two indexes', 0x0a], // memory.copy
  ['index', 0x0b], // memory.fill
  ['two indexes', 0x0c], // table.init
  ['index', 0x0d], // elem.drop
  ['two indexes', 0x0e], // table.copy
  ['index', 0x0f, 0x11], // table.grow, table.size, table.fill
];

const SIMD: readonly Range[] = [
  ['memory', 0x00, 0x0b],
  ['16 bytes', 0x0c, 0x0d], // v128.const, i8x16.shuffle
  ['none', 0x0e, 0x14],
  ['byte', 0x15, 0x22], // lanes
  ['none', 0x23, 0x53],
  ['memory and lane', 0x54, 0x5b],
  ['memory', 0x5c, 0x5d],
  ['none', 0x5e, 0xff],
  ['none', 0x100, 0x113], // relaxed
];

const ATOMIC: readonly Range[] = [
  ['memory', 0x00, 0x02], // notify, wait
  ['byte', 0x03], // fence
  ['memory', 0x10, 0x4e],
];

/**
 * Opcodes as one number: opcodes with a prefix follow the plain ones, in one range for each prefix. The second numbers are
 * below the length of a range.
 */
const STRETCH = 0x200;
const BASE: ReadonlyMap<number, number> = new Map([
  [0xfc, STRETCH],
  [0xfd, 2 * STRETCH],
  [0xfb, 3 * STRETCH],
  [0xfe, 4 * STRETCH],
]);

/** Upper bound of the numbers of opcodes. */
export const OPCODES: number = 5 * STRETCH;

/** The number of the opcode with the prefix 0xFC and this second number. */
export function bulkOpcode(second: number): number {
  return STRETCH + second;
}

/** The number of the opcode with the prefix 0xFD and this second number. */
export function simdOpcode(second: number): number {
  return 2 * STRETCH + second;
}

/** The number of the opcode with the prefix 0xFB (garbage collection) and this second number. */
export function managedOpcode(second: number): number {
  return 3 * STRETCH + second;
}

/** The number of the opcode with the prefix 0xFE and this second number. */
export function atomicOpcode(second: number): number {
  return 4 * STRETCH + second;
}

/** How to skip the immediates, by the number of the opcode; undefined for an unknown one. */
const SKIPS: readonly (((reader: Reader) => void) | undefined)[] = [
  PLAIN,
  BULK,
  SIMD,
  MANAGED,
  ATOMIC,
].flatMap((ranges) => {
  const stretch = new Array<((reader: Reader) => void) | undefined>(STRETCH).fill(undefined);
  for (const [immediates, first, last = first] of ranges) stretch.fill(SKIP[immediates], first, last + 1);
  return stretch;
});

/** How instructions with the most frequent immediates are skipped: a call through the table would cost more than the rest. */
const [NOTHING, NUMBER, MEMORY] = [1, 2, 3];
const FREQUENT: Uint8Array = Uint8Array.from(SKIPS, (skip) => {
  if (skip === SKIP.none) return NOTHING;
  if (skip === SKIP.number || skip === SKIP.index) return NUMBER;
  return skip === SKIP.memory ? MEMORY : 0;
});

const END = 0x0b;

/** Skips a constant expression, such as the initial value of a global. */
export function skipConstant(reader: Reader): void {
  while (readInstruction(reader) !== END);
}

/** Sets `seen` to 1 at the number of each opcode of a function's body; `reader` is positioned before the body's length. */
export function collectOpcodes(reader: Reader, seen: Uint8Array): void {
  const length = reader.u32();
  const end = reader.position + length;
  reader.list(() => {
    reader.u32();
    readValueType(reader);
  });
  let opcode: number | undefined;
  while (reader.position < end) {
    opcode = readInstruction(reader);
    seen[opcode] = 1;
  }
  if (reader.position !== end || opcode !== END) reader.fail('a function does not end where it should');
}

/**
 * Skips one instruction and returns its opcode. Fails for an unknown opcode, because the length of its immediates is unknown.
 */
export function readInstruction(reader: Reader): number {
  let opcode = reader.u8();
  let name = opcode;
  if (opcode >= 0xfb) {
    const base = BASE.get(opcode);
    const second = reader.u32();
    name = opcode * 0x100 + second;
    opcode = base !== undefined && second < STRETCH ? base + second : OPCODES;
  }
  const frequent = FREQUENT[opcode];
  if (frequent === NOTHING) return opcode;
  if (frequent === NUMBER) {
    reader.skipNumber();
    return opcode;
  }
  if (frequent === MEMORY) {
    skipMemoryArgument(reader);
    return opcode;
  }
  const skip = SKIPS[opcode];
  if (skip === undefined) reader.fail(`opcode 0x${name.toString(16)} is unknown`);
  skip(reader);
  return opcode;
}

/** Alignment and offset; if bit 6 of the alignment is set, the index of the memory is between them. */
function skipMemoryArgument(reader: Reader): void {
  const alignment = reader.u8();
  // Longer than necessary, which is allowed.
  if (alignment & 0x80) reader.skipNumber();
  if (alignment & 0x40) reader.skipNumber();
  reader.skipNumber();
}

/** Kinds: 0 and 1 name a tag, 2 and 3 catch everything. */
function skipCatch(reader: Reader): void {
  const kind = reader.u8();
  if (kind > 3) reader.fail('a catch clause is unknown');
  if (kind < 2) reader.u32();
  reader.u32();
}
