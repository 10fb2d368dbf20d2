import { concat, createOutput, encodeNumber, putConstant, written } from '../wasm/encode.ts';
import { afterNumber, numberAt } from '../wasm/reader.ts';
import { COPY, FILL, UNIT_SHIFT } from './costs.ts';

/** Bytes of one part. Nothing interrupts an operation, and the system provides 256 KiB of new memory in about 0.1 ms. */
export const PART: number = 256 * 1024;

/** Functions that execute most of a large `memory.fill` or `memory.copy`, and spend units between its parts. */
export interface Parts {
  /**
   * The index of the function for the operation at this position: it takes the operands, and returns those of the last part.
   * Undefined for operations that are never large. The operands of one that is out of bounds are returned unchanged.
   */
  functionFor(bytes: Uint8Array, at: number, opcode: number): number | undefined;
  /** The bodies of these functions, in the order of their indexes. */
  readonly bodies: readonly Uint8Array[];
}

/** The first of the functions has the index `first`; units are spent by the function `spend`. */
export function createParts(first: number, spend: number): Parts {
  const indexes = new Map<string, number>();
  const bodies: Uint8Array[] = [];
  return {
    functionFor(bytes, at, opcode) {
      if (opcode !== FILL && opcode !== COPY) return undefined;
      const operands = afterNumber(bytes, at + 1);
      const to = numberAt(bytes, operands);
      const from = opcode === COPY ? numberAt(bytes, afterNumber(bytes, operands)) : undefined;
      const key = `${to} ${from}`;
      const known = indexes.get(key);
      if (known !== undefined) return known;
      const index = first + indexes.size;
      indexes.set(key, index);
      bodies.push(from === undefined ? fillBody(to, spend) : copyBody(to, from, spend));
      return index;
    },
    bodies,
  };
}

/** Parameters: the destination, the value or the source, and the number of bytes left. */
const [TO, FROM, LEFT] = [0, 1, 2];

const IF = [0x04, 0x40] as const;
const ELSE = 0x05;
const LOOP = [0x03, 0x40] as const;
const END = 0x0b;
const BRANCH_IF = [0x0d, 0] as const;
const ADD = 0x6a;
const SUBTRACT = 0x6b;
const LESS_OR_EQUAL = 0x4d;
const GREATER = 0x4b;

const get = (local: number): readonly number[] => [0x20, local];
const set = (local: number): readonly number[] => [0x21, local];

function constant(value: number): Uint8Array {
  const output = createOutput(8);
  putConstant(output, value);
  return written(output);
}

/** Adds the size of a part to a parameter, or subtracts it. */
const move = (local: number, by: number): readonly number[] => [
  ...get(local),
  ...constant(PART),
  by,
  ...set(local),
];

const spendPart = (spend: number): readonly number[] => [
  ...constant(PART >> UNIT_SHIFT),
  0x10,
  ...encodeNumber(spend),
];

/** Repeats while more than one part is left. */
const again: readonly number[] = [...get(LEFT), ...constant(PART), GREATER, ...BRANCH_IF];

/** Whether the range that begins at a parameter is within the memory, in 64 bits because the sum may not fit into 32. */
const isInside = (local: number, memory: number): readonly number[] => [
  ...get(local),
  0xad,
  ...get(LEFT),
  0xad,
  0x7c,
  // The memory's size in pages.
  0x3f,
  ...encodeNumber(memory),
  0xad,
  0x42,
  16,
  0x86,
  0x58,
];

const body = (...parts: readonly (readonly number[])[]): Uint8Array => {
  const code = Uint8Array.from([0, ...parts.flat(), ...get(TO), ...get(FROM), ...get(LEFT), END]);
  return concat([encodeNumber(code.length), code]);
};

/**
 * In text:
 *
 *     (func (param $to i32) (param $value i32) (param $left i32) (result i32 i32 i32)
 *       (if (i64.le_u (i64.add (i64.extend_i32_u $to) (i64.extend_i32_u $left)) (i64.shl (i64.extend_i32_u memory.size) (i64.const 16)))
 *         (then (loop $again
 *           (call $spend (PART / 8))
 *           (memory.fill $to $value PART)
 *           ($to += PART) ($left -= PART)
 *           (br_if $again (i32.gt_u $left PART)))))
 *       $to $value $left)
 */
function fillBody(memory: number, spend: number): Uint8Array {
  return body(
    isInside(TO, memory),
    IF,
    LOOP,
    spendPart(spend),
    get(TO),
    get(FROM),
    [...constant(PART), 0xfc, 0x0b, ...encodeNumber(memory)],
    move(TO, ADD),
    move(LEFT, SUBTRACT),
    again,
    [END, END],
  );
}

/** The same for a copy. Its last part comes first if it may overwrite what was not copied yet. */
function copyBody(to: number, from: number, spend: number): Uint8Array {
  const copy = [...constant(PART), 0xfc, 0x0a, ...encodeNumber(to), ...encodeNumber(from)];
  return body(
    isInside(TO, to),
    isInside(FROM, from),
    // i32.and
    [0x71],
    IF,
    [...get(TO), ...get(FROM), LESS_OR_EQUAL],
    IF,
    LOOP,
    spendPart(spend),
    get(TO),
    get(FROM),
    copy,
    move(TO, ADD),
    move(FROM, ADD),
    move(LEFT, SUBTRACT),
    again,
    [END, ELSE],
    LOOP,
    spendPart(spend),
    move(LEFT, SUBTRACT),
    [...get(TO), ...get(LEFT), ADD, ...get(FROM), ...get(LEFT), ADD],
    copy,
    again,
    [END, END, END],
  );
}
