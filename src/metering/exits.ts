import { numberAt } from '../wasm/reader.ts';
import { isCastBranch } from './outline.ts';

const BRANCH_TABLE = 0x0e;
const END = 0x0b;
const BRANCH = 0x0c;

/** Whether an instruction certainly returns from its function, or may. */
export type Exit = 'returns' | 'may return';

/** Instructions that always leave a function: throw, rethrow, throw_ref, return, and tail calls. */
const LEAVING: ReadonlySet<number> = new Set([0x08, 0x09, 0x0a, 0x0f, 0x12, 0x13, 0x15]);

/** `br_if`, `br_on_null`, `br_on_non_null`. */
const CONDITIONAL: ReadonlySet<number> = new Set([0x0d, 0xd5, 0xd6]);

/** How the instruction at this position, in `depth` nested blocks, leaves its function; undefined if it does not. */
export function exitBy(bytes: Uint8Array, at: number, opcode: number, depth: number): Exit | undefined {
  if (LEAVING.has(opcode)) return opcode === 0x0f ? 'returns' : 'may return';
  if (opcode === END) return depth === 0 ? 'returns' : undefined;
  if (opcode === BRANCH) return numberAt(bytes, at + 1).value === depth ? 'returns' : undefined;
  if (CONDITIONAL.has(opcode)) return numberAt(bytes, at + 1).value === depth ? 'may return' : undefined;
  if (opcode === BRANCH_TABLE) return hasTarget(bytes, at + 1, depth) ? 'may return' : undefined;
  if (isCastBranch(opcode)) {
    // After the prefix, the opcode and the flags.
    return numberAt(bytes, numberAt(bytes, at + 1).next + 1).value === depth ? 'may return' : undefined;
  }
  return undefined;
}

function hasTarget(bytes: Uint8Array, at: number, depth: number): boolean {
  let { value: left, next } = numberAt(bytes, at);
  for (; left >= 0; left -= 1) {
    const target = numberAt(bytes, next);
    if (target.value === depth) return true;
    next = target.next;
  }
  return false;
}

/** By how many blocks the nesting changes after this instruction: block, loop, if, try, try_table; end, delegate. */
export function depthChange(opcode: number): number {
  if ((opcode >= 0x02 && opcode <= 0x04) || opcode === 0x06 || opcode === 0x1f) return 1;
  return opcode === END || opcode === 0x18 ? -1 : 0;
}
