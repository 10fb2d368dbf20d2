/** The entries of a tape: a kind in the lowest four bits, and a number above them. */
export const EVENT = {
  /** A sequence of instructions: the number is their units. */
  units: 0,
  /** Work that takes no units: the number is how many instructions it counts as. */
  work: 1,
  /** A call of the defined function with this index. */
  call: 2,
  /** A call of an unknown function, which may call back. */
  callOther: 12,
  block: 3,
  loop: 4,
  if: 5,
  else: 6,
  end: 7,
  /** Control may continue at the label with this depth. */
  branch: 8,
  /** The function may return here. */
  leave: 9,
  /** What follows is reached only by branches. */
  stop: 10,
  /** A legacy handler begins. */
  catch: 11,
} as const;

/** The control flow of all functions in order, so that it need not be decoded again. */
export interface Tape {
  /** Entries from `length` on are meaningless. */
  events: Int32Array;
  length: number;
}

export function createTape(capacity: number): Tape {
  return { events: new Int32Array(capacity), length: 0 };
}

/** Records an event. Numbers are capped at what a function that V8 accepts can reach. */
export function record(tape: Tape, kind: number, number = 0): void {
  if (tape.length === tape.events.length) {
    const larger = new Int32Array(2 * tape.length);
    larger.set(tape.events);
    tape.events = larger;
  }
  tape.events[tape.length++] = (Math.min(number, MOST) << 4) | kind;
}

const MOST: number = 2 ** 26;
