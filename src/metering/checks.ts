import { type Output, put, putConstant, putNumber } from '../wasm/encode.ts';
import { UNIT_SHIFT } from './costs.ts';

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
const IF = [0x04, 0x40] as const;
const END = 0x0b;

/** Units that a function may leave behind when it returns, rather than spend time on spending them. */
const SMALL = 256;

/** Units that are spent in front of a bulk operation, as no loop need follow: to fill 64 KiB takes so many. */
const LARGE = 8192;

/** Where to find what was added to the module, by its indexes. */
export interface Added {
  /** Units that are left: a global. */
  readonly units: number;
  /** Asks for more of them. */
  readonly ask: number;
  /** Spends so many. */
  readonly spend: number;
}

export interface Checks {
  /** Where the branches are that are hardly ever taken. */
  readonly branches: number[];
  /** At the start of the function. The local is not 0 then, unless it `counts` from there. */
  enter(units: number, counts: boolean): void;
  /** In front of a loop: its first turn was not one. */
  beforeLoop(units: number): void;
  turn(units: number, limit: number): void;
  /** Spends what has been counted, unless it is little. It `returns` for sure. */
  settle(returns: boolean): void;
  /** Behind a call of an imported function: asks if no units are left. */
  afterImported(): void;
  /** In front of an operation with its length on the stack. */
  bulk(): void;
}

/** Writes code that counts in this local of the function. */
export function createChecks(body: Output, local: number, { units: left, ask, spend }: Added): Checks {
  const branches: number[] = [];
  const putIndex = (instruction: number, index: number): void => {
    put(body, instruction);
    putNumber(body, index);
  };
  const putRarely = (): void => {
    branches.push(body.length);
    put(body, ...IF);
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
    bulk() {
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
