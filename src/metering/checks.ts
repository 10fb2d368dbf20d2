import { type Output, putByte, putConstant, putNumber, putSigned } from '../wasm/encode.ts';
import { UNIT_SHIFT } from './costs.ts';
import { PART } from './parts.ts';

const CALL = 0x10;
const GET = 0x20;
const SET = 0x21;
const TEE = 0x22;
const GLOBAL_GET = 0x23;
const GLOBAL_SET = 0x24;
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

/**
 * Writes code that counts units in this local of the function. A class, because V8 would compile closures again for each
 * function.
 */
export class Checks {
  /** Positions of the branches that are rarely taken. */
  readonly branches: number[] = [];
  readonly #body: Output;
  readonly #local: number;
  readonly #added: Added;

  constructor(body: Output, local: number, added: Added) {
    this.#body = body;
    this.#local = local;
    this.#added = added;
  }

  /** At the start of the function. The local gets a value other than 0 unless the function `counts` from there. */
  enter(units: number, counts: boolean): void {
    const { units: left, ask } = this.#added;
    this.#putIndex(GLOBAL_GET, left);
    putConstant(this.#body, units);
    putByte(this.#body, SUBTRACT);
    this.#putIndex(TEE, this.#local);
    this.#putIndex(GLOBAL_SET, left);
    this.#putIndex(GET, this.#local);
    this.#askIfNone(ask);
    if (counts) this.#clear();
  }

  /** Before a loop: its head also counts the first entry, which is not a turn. */
  beforeLoop(units: number): void {
    this.#putIndex(GET, this.#local);
    putConstant(this.#body, units);
    putByte(this.#body, SUBTRACT);
    this.#putIndex(SET, this.#local);
  }

  turn(units: number, limit: number): void {
    this.#putIndex(GET, this.#local);
    putConstant(this.#body, units);
    putByte(this.#body, ADD);
    this.#putIndex(TEE, this.#local);
    this.#spendFrom(limit, true);
  }

  /** Spends the units in the local, unless they are few. `returns`: the function certainly returns here. */
  settle(returns: boolean): void {
    this.#putIndex(GET, this.#local);
    this.#spendFrom(SMALL, !returns);
  }

  /** After a call of an imported function: asks if no units are left. */
  askIfDue(): void {
    this.#putIndex(GLOBAL_GET, this.#added.units);
    this.#askIfNone(this.#added.ask);
  }

  /** Before an operation that may take long, whatever is left. */
  askNow(): void {
    this.#putIndex(CALL, this.#added.ask);
  }

  /** Before an operation whose length is on the stack. `parts`: the function that executes all parts of it but the last. */
  bulk(parts: number | undefined): void {
    const body = this.#body;
    if (parts !== undefined) {
      this.#putIndex(TEE, this.#local + 1);
      this.#putIndex(GET, this.#local + 1);
      putConstant(body, PART);
      putByte(body, GREATER_UNSIGNED);
      this.branches.push(body.length);
      // A block type that is an index is signed.
      putByte(body, IF);
      putSigned(body, this.#added.parts);
      this.#putIndex(CALL, parts);
      putByte(body, END);
    }
    this.#putIndex(TEE, this.#local + 1);
    this.#putIndex(GET, this.#local + 1);
    putConstant(body, UNIT_SHIFT);
    putByte(body, SHIFT_RIGHT);
    this.#putIndex(GET, this.#local);
    putByte(body, ADD);
    this.#putIndex(TEE, this.#local);
    this.#spendFrom(LARGE, true);
  }

  #putIndex(instruction: number, index: number): void {
    putByte(this.#body, instruction);
    putNumber(this.#body, index);
  }

  #putRarely(): void {
    this.branches.push(this.#body.length);
    putByte(this.#body, IF);
    putByte(this.#body, EMPTY);
  }

  #clear(): void {
    putConstant(this.#body, 0);
    this.#putIndex(SET, this.#local);
  }

  #askIfNone(ask: number): void {
    putConstant(this.#body, 0);
    putByte(this.#body, LESS_OR_EQUAL);
    this.#putRarely();
    this.#putIndex(CALL, ask);
    putByte(this.#body, END);
  }

  #spendFrom(limit: number, again: boolean): void {
    putConstant(this.#body, limit);
    putByte(this.#body, NOT_LESS_UNSIGNED);
    this.#putRarely();
    this.#putIndex(GET, this.#local);
    this.#putIndex(CALL, this.#added.spend);
    if (again) this.#clear();
    putByte(this.#body, END);
  }
}
