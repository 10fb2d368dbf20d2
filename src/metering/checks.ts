import { encodeSigned, type Output, put, putConstant, putNumber } from '../wasm/encode.ts';
import { UNIT_SHIFT } from './costs.ts';
import { PART } from './parts.ts';

const CALL = 0x10;
const GET = 0x20;
const SET = 0x21;
const TEE = 0x22;
const GLOBAL_GET = 0x23;
const GLOBAL_SET = 0x24;
const CONSTANT_ZERO = [0x41, 0] as const;
const LESS_OR_EQUAL = 0x4c;
const NOT_LESS_UNSIGNED = 0x4f;
const ADD = 0x6a;
const SUBTRACT = 0x6b;
const SHIFT_RIGHT = 0x76;
const GREATER_UNSIGNED = 0x4b;
const IF = 0x04;
const EMPTY = 0x40;
const END = 0x0b;

/** Units that a function may leave uncounted when it returns, because counting them costs time. */
const SMALL = 256;

/** From this number on, units are spent before a bulk operation, because no loop may follow; filling 64 KiB takes as many. */
const LARGE = 8192;

/** The indexes of what was added to the module. */
export interface Added {
  /** The global with the units that are left. */
  readonly units: number;
  /** The function that asks for more units. */
  readonly ask: number;
  /** The function that spends a number of units. */
  readonly spend: number;
  /** The type of functions that take three numbers and return three. */
  readonly parts: number;
}

export interface Checks {
  /** Positions of the branches that are rarely taken. */
  readonly branches: number[];
  /** At the start of the function. The local gets a value other than 0 unless the function `counts` from there. */
  enter(units: number, counts: boolean): void;
  /** Before a loop: its head also counts the first entry, which is not a turn. */
  beforeLoop(units: number): void;
  turn(units: number, limit: number): void;
  /** Spends the units in the local, unless they are few. `returns`: the function certainly returns here. */
  settle(returns: boolean): void;
  /** After a call of an imported function: asks if no units are left. */
  afterImported(): void;
  /** Before an operation whose length is on the stack. `parts`: the function that executes all parts of it but the last. */
  bulk(parts: number | undefined): void;
}

/** Writes code that counts units in this local of the function. */
export function createChecks(
  body: Output,
  local: number,
  { units: left, ask, spend, parts: type }: Added,
): Checks {
  const branches: number[] = [];
  const putIndex = (instruction: number, index: number): void => {
    put(body, instruction);
    putNumber(body, index);
  };
  const putRarely = (...blockType: readonly number[]): void => {
    branches.push(body.length);
    put(body, IF, ...(blockType.length > 0 ? blockType : [EMPTY]));
  };
  const clear = (): void => {
    put(body, ...CONSTANT_ZERO);
    putIndex(SET, local);
  };
  function spendFrom(limit: number, again = true): void {
    putConstant(body, limit);
    put(body, NOT_LESS_UNSIGNED);
    putRarely();
    putIndex(GET, local);
    putIndex(CALL, spend);
    if (again) clear();
    put(body, END);
  }
  return {
    branches,
    enter(units, counts) {
      putIndex(GLOBAL_GET, left);
      putConstant(body, units);
      put(body, SUBTRACT);
      putIndex(TEE, local);
      putIndex(GLOBAL_SET, left);
      putIndex(GET, local);
      put(body, ...CONSTANT_ZERO, LESS_OR_EQUAL);
      putRarely();
      putIndex(CALL, ask);
      put(body, END);
      if (counts) clear();
    },
    beforeLoop(units) {
      putIndex(GET, local);
      putConstant(body, units);
      put(body, SUBTRACT);
      putIndex(SET, local);
    },
    turn(units, limit) {
      putIndex(GET, local);
      putConstant(body, units);
      put(body, ADD);
      putIndex(TEE, local);
      spendFrom(limit);
    },
    settle(returns) {
      putIndex(GET, local);
      spendFrom(SMALL, !returns);
    },
    afterImported() {
      putIndex(GLOBAL_GET, left);
      put(body, ...CONSTANT_ZERO, LESS_OR_EQUAL);
      putRarely();
      putIndex(CALL, ask);
      put(body, END);
    },
    bulk(parts) {
      if (parts !== undefined) {
        putIndex(TEE, local + 1);
        putIndex(GET, local + 1);
        putConstant(body, PART);
        put(body, GREATER_UNSIGNED);
        // A block type that is an index is signed.
        putRarely(...encodeSigned(type));
        putIndex(CALL, parts);
        put(body, END);
      }
      putIndex(TEE, local + 1);
      putIndex(GET, local + 1);
      putConstant(body, UNIT_SHIFT);
      put(body, SHIFT_RIGHT);
      putIndex(GET, local);
      put(body, ADD);
      putIndex(TEE, local);
      spendFrom(LARGE);
    },
  };
}
