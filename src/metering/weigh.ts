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

interface Frame {
  /** Index of the loop; undefined for other blocks. */
  readonly loop: number | undefined;
  /** The minimum of units from the function's start to here, and the number of instructions before. */
  readonly start: number;
  readonly size: number;
  /** An `if` without an `else` may skip its instructions. */
  skips: boolean;
  /** The minimum of units with which a branch reaches the label. */
  label: number;
  branched: boolean;
}

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
export function createWeigher({ starts, tape }: ModuleOutline, checked: Uint8Array): Weigher {
  const weighed: WeighedFunction[] = new Array(starts.length);

  function weigh(index: number): WeighedFunction {
    const loops: WeighedLoop[] = [];
    const frames: Frame[] = [];
    let units = CALLED;
    let size = 0;
    let callsOther = false;
    const open = (loop?: number, skips = false): void =>
      void frames.push({ loop, start: units, size, skips, label: Number.POSITIVE_INFINITY, branched: false });
    const reach = (frame: Frame): void => {
      frame.label = Math.min(frame.label, units);
      frame.branched = true;
    };
    const close = (): void => {
      const frame = frames.pop()!;
      if (frame.loop !== undefined) loops[frame.loop] = weighLoop(frame, size - frame.size);
      else units = Math.min(units, frame.label, frame.skips ? frame.start : units);
    };
    const call = (callee: number): void => {
      if (checked[callee] === 1) {
        callsOther = true;
        return;
      }
      units += weighed[callee]!.path;
      size += weighed[callee]!.size;
      callsOther ||= weighed[callee]!.callsOther;
    };
    open();
    const end = starts[index + 1] ?? tape.length;
    for (let at = starts[index]!; at < end; at += 1) {
      const event = tape.events[at]!;
      const number = event >> 4;
      switch (event & 0xf) {
        case EVENT.units:
          units += number;
          size += number;
          break;
        case EVENT.work:
          size += number;
          break;
        case EVENT.call:
          call(number);
          break;
        case EVENT.callOther:
          callsOther = true;
          break;
        case EVENT.block:
          open();
          break;
        case EVENT.loop:
          open(loops.push(NO_LOOP) - 1);
          break;
        case EVENT.if:
          open(undefined, true);
          break;
        case EVENT.else:
        case EVENT.catch: {
          const frame = frames.at(-1)!;
          reach(frame);
          units = frame.start;
          frame.skips = false;
          break;
        }
        case EVENT.end:
          close();
          break;
        case EVENT.branch:
          reach(frames[frames.length - 1 - number]!);
          break;
        case EVENT.leave:
          reach(frames[0]!);
          break;
        case EVENT.stop:
          units = Number.POSITIVE_INFINITY;
          break;
      }
    }
    // A function that never returns can still be called again, and code after the call is then reached through an exception.
    weighed[index] = { path: Number.isFinite(units) ? units : CALLED, size, loops, callsOther };
    return weighed[index];
  }

  return { weighed, weigh };
}

const NO_LOOP: WeighedLoop = { units: 0, limit: 0 };

function weighLoop({ start, label, branched }: Frame, size: number): WeighedLoop {
  if (!branched) return NO_LOOP;
  const turn = label - start;
  // Code that seems unreachable counts as the minimum.
  const units = Number.isFinite(turn) ? Math.max(1, turn) : 1;
  const limit = Math.floor((MOST_INSTRUCTIONS * units) / Math.max(size, 1));
  return { units, limit: Math.max(units, Math.min(limit, BATCH)) };
}
