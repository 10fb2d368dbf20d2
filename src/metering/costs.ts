import { bulkOpcode, managedOpcode, OPCODES } from '../wasm/instructions.ts';

/**
 * Units of each instruction by opcode, never more than the fuel that wasmtime takes for it (1, and 0 for the ones below).
 * Operations on as many bytes as an operand says take more, see `UNIT_SHIFT`.
 */
export const COSTS: Uint8Array = new Uint8Array(OPCODES).fill(1);
for (const free of [0x00, 0x01, 0x02, 0x03, 0x05, 0x0b, 0x0f, 0x1a]) COSTS[free] = 0;
// Legacy exceptions, which wasmtime does not know: try, catch, delegate, catch_all.
for (const free of [0x06, 0x07, 0x18, 0x19]) COSTS[free] = 0;

/** A bulk operation on memories takes a unit for each 8 bytes; wasmtime takes 8. */
export const UNIT_SHIFT = 3;

/** Operations on memories with a length on top of the stack: `memory.init`, `memory.copy`, `memory.fill`. */
export const INIT: number = bulkOpcode(0x08);
export const COPY: number = bulkOpcode(0x0a);
export const FILL: number = bulkOpcode(0x0b);

export const isBulk = (opcode: number): boolean => opcode === INIT || opcode === COPY || opcode === FILL;

/** `table.init`, `table.copy` and `table.fill`: the last takes up to 76 ms for the largest table. */
export const isTableBulk = (opcode: number): boolean =>
  opcode === bulkOpcode(0x0c) || opcode === bulkOpcode(0x0e) || opcode === bulkOpcode(0x11);

/** How many instructions a bulk operation on tables or arrays counts as; its length is ignored. */
export const UNKNOWN_LENGTH = 4096;

export const hasUnknownLength = (opcode: number): boolean =>
  opcode === bulkOpcode(0x0c) ||
  (opcode >= bulkOpcode(0x0e) && opcode !== bulkOpcode(0x10) && opcode <= bulkOpcode(0x11)) ||
  (opcode >= managedOpcode(0x06) && opcode <= managedOpcode(0x0a)) ||
  (opcode >= managedOpcode(0x10) && opcode <= managedOpcode(0x13));
