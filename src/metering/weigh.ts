import type { ModuleOutline } from './outline.ts';
import { EVENT } from './tape.ts';

export interface WeighedLoop {
  /** Units of each turn; 0 if nothing branches back to the loop. */
  readonly units: number;
  /** Units at which the local counter is spent. */
  readonly limit: number;
}

export interface WeighedFunction {
  /** The minimum of units from its start to a return, with one turn of each loop; at least 1. */
  readonly path: number;
  /** Its instructions, including those of called functions that do not count themselves. */
  readonly size: number;
  /** In the order of the code. */
  readonly loops: readonly WeighedLoop[];
  /** It calls, directly or indirectly, an unknown function or one that counts itself. */
  readonly callsOther: boolean;
}

/** Units that are counted in a local before they are spent, because a global costs more. */
const BATCH = 8192;

/** Instructions that may be executed on any path before units are spent: about 150 µs. */
const MOST_INSTRUCTIONS = 2 ** 19;

/** Units of a call itself. */
const CALLED = 1;

export interface Weigher {
  /** The functions weighed so far, by index. */
  readonly weighed: WeighedFunction[];
  /** The functions that it calls must have been weighed before, or be `checked`. */
  weigh(index: number): WeighedFunction;
}

/**
 * Weighs functions: computes the minimum of units for each turn of a loop and each call, on any path, so that units never exceed
 * the instructions executed. It follows the minimum from a function's start to each of its instructions. The minimum of a turn is
 * the difference between a branch back and the head of the loop, because control flow enters a loop only at its head.
 */
export function createWeigher(outline: ModuleOutline, checked: Uint8Array): Weigher {
  return new TapeWeigher(outline, checked);
}

/** No number of a loop: a block of another kind. */
const NONE = -1;
const NO_LOOP: WeighedLoop = { units: 0, limit: 0 };
const UNREACHED: number = Number.POSITIVE_INFINITY;

/** A class with arrays instead of objects for the blocks, because V8 would compile closures again for each module. */
class TapeWeigher implements Weigher {
  readonly weighed: WeighedFunction[];
  readonly #outline: ModuleOutline;
  readonly #checked: Uint8Array;
  /** The minimum of units from the function's start to here, and the number of instructions. */
  #units = 0;
  #size = 0;
  #callsOther = false;
  #loops: WeighedLoop[] = [];
  /** The number of open blocks. For each of them: */
  #depth = 0;
  /** The number of the loop. */
  readonly #loop: number[] = [];
  /** The minimum of units from the function's start to the block, and the number of instructions before. */
  readonly #start: number[] = [];
  readonly #sizeBefore: number[] = [];
  /** Whether it is an `if` without an `else`, which may skip its instructions. */
  readonly #skips: boolean[] = [];
  /** The minimum of units with which a branch reaches the label, and whether there is a branch. */
  readonly #label: number[] = [];
  readonly #branched: boolean[] = [];

  constructor(outline: ModuleOutline, checked: Uint8Array) {
    this.#outline = outline;
    this.#checked = checked;
    this.weighed = new Array(outline.starts.length);
  }

  weigh(index: number): WeighedFunction {
    const { starts, tape } = this.#outline;
    this.#units = CALLED;
    this.#size = 0;
    this.#callsOther = false;
    this.#loops = [];
    this.#depth = 0;
    this.#open(NONE, false);
    const end = starts[index + 1] ?? tape.length;
    for (let at = starts[index]!; at < end; at += 1) this.#take(tape.events[at]!);
    // A function that never returns can still be called again, and code after the call is then reached through an exception.
    const path = this.#units === UNREACHED ? CALLED : this.#units;
    const weighed = { path, size: this.#size, loops: this.#loops, callsOther: this.#callsOther };
    this.weighed[index] = weighed;
    return weighed;
  }

  #take(event: number): void {
    const number = event >> 4;
    switch (event & 0xf) {
      case EVENT.units:
        this.#units += number;
        this.#size += number;
        break;
      case EVENT.work:
        this.#size += number;
        break;
      case EVENT.call:
        this.#call(number);
        break;
      case EVENT.callOther:
        this.#callsOther = true;
        break;
      case EVENT.block:
        this.#open(NONE, false);
        break;
      case EVENT.loop:
        this.#open(this.#loops.push(NO_LOOP) - 1, false);
        break;
      case EVENT.if:
        this.#open(NONE, true);
        break;
      case EVENT.else:
      case EVENT.catch: {
        const top = this.#depth - 1;
        this.#reach(top);
        this.#units = this.#start[top]!;
        this.#skips[top] = false;
        break;
      }
      case EVENT.end:
        this.#close();
        break;
      case EVENT.branch:
        this.#reach(this.#depth - 1 - number);
        break;
      case EVENT.leave:
        this.#reach(0);
        break;
      case EVENT.stop:
        this.#units = UNREACHED;
        break;
    }
  }

  #open(loop: number, skips: boolean): void {
    const at = this.#depth++;
    this.#loop[at] = loop;
    this.#start[at] = this.#units;
    this.#sizeBefore[at] = this.#size;
    this.#skips[at] = skips;
    this.#label[at] = UNREACHED;
    this.#branched[at] = false;
  }

  #reach(block: number): void {
    if (this.#units < this.#label[block]!) this.#label[block] = this.#units;
    this.#branched[block] = true;
  }

  #close(): void {
    const top = --this.#depth;
    const loop = this.#loop[top]!;
    if (loop !== NONE) {
      if (this.#branched[top]) {
        const turn = this.#label[top]! - this.#start[top]!;
        this.#loops[loop] = weighLoop(turn, this.#size - this.#sizeBefore[top]!);
      }
      return;
    }
    if (this.#label[top]! < this.#units) this.#units = this.#label[top]!;
    if (this.#skips[top] && this.#start[top]! < this.#units) this.#units = this.#start[top]!;
  }

  #call(callee: number): void {
    if (this.#checked[callee] === 1) {
      this.#callsOther = true;
      return;
    }
    const { path, size, callsOther } = this.weighed[callee]!;
    this.#units += path;
    this.#size += size;
    if (callsOther) this.#callsOther = true;
  }
}

/** `turn`: the minimum of units of a turn; `size`: the instructions of the loop. */
function weighLoop(turn: number, size: number): WeighedLoop {
  // Code that seems unreachable counts as the minimum: both the difference of infinities and an infinite one.
  const units = Number.isFinite(turn) ? Math.max(1, turn) : 1;
  const limit = Math.floor((MOST_INSTRUCTIONS * units) / Math.max(size, 1));
  return { units, limit: Math.max(units, Math.min(limit, BATCH)) };
}
