import { OPCODES } from '../wasm/instructions.ts';
import { afterNumber, numberAt } from '../wasm/reader.ts';
import { CAST_BRANCHES } from './outline.ts';

const BRANCH_TABLE = 0x0e;
const END = 0x0b;
const BRANCH = 0x0c;

/** Whether an instruction certainly returns from its function, or may. */
export type Exit = 'returns' | 'may return';

/** Kinds of instructions, by opcode; 0 for those that neither leave a function nor branch. */
const [LEAVING, CONDITIONAL, OTHER] = [1, 2, 3];
const KIND: Uint8Array = new Uint8Array(OPCODES);
// throw, rethrow, throw_ref, return, and tail calls
for (const opcode of [0x08, 0x09, 0x0a, 0x0f, 0x12, 0x13, 0x15]) KIND[opcode] = LEAVING;
// br_if, br_on_null, br_on_non_null
for (const opcode of [0x0d, 0xd5, 0xd6]) KIND[opcode] = CONDITIONAL;
for (const opcode of [END, BRANCH, BRANCH_TABLE, ...CAST_BRANCHES]) KIND[opcode] = OTHER;

/** How the instruction at this position, in `depth` nested blocks, leaves its function; undefined if it does not. */
export function exitBy(bytes: Uint8Array, at: number, opcode: number, depth: number): Exit | undefined {
  const kind = KIND[opcode]!;
  if (kind === 0) return undefined;
  if (kind === LEAVING) return opcode === 0x0f ? 'returns' : 'may return';
  if (opcode === END) return depth === 0 ? 'returns' : undefined;
  if (opcode === BRANCH) return numberAt(bytes, at + 1) === depth ? 'returns' : undefined;
  if (kind === CONDITIONAL) return numberAt(bytes, at + 1) === depth ? 'may return' : undefined;
  if (opcode === BRANCH_TABLE) return hasTarget(bytes, at + 1, depth) ? 'may return' : undefined;
  // A cast: after the prefix, the opcode and the flags.
  return numberAt(bytes, afterNumber(bytes, at + 1) + 1) === depth ? 'may return' : undefined;
}

function hasTarget(bytes: Uint8Array, at: number, depth: number): boolean {
  let next = afterNumber(bytes, at);
  for (let left = numberAt(bytes, at); left >= 0; left -= 1) {
    if (numberAt(bytes, next) === depth) return true;
    next = afterNumber(bytes, next);
  }
  return false;
}

/** By how many blocks the nesting changes after this instruction: block, loop, if, try, try_table; end, delegate. */
export function depthChange(opcode: number): number {
  if ((opcode >= 0x02 && opcode <= 0x04) || opcode === 0x06 || opcode === 0x1f) return 1;
  return opcode === END || opcode === 0x18 ? -1 : 0;
}
