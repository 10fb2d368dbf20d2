/** What is on a tape: a kind in the lowest four bits, and a number above them. */
export const EVENT = {
  /** Instructions one after another: the number is their units. */
  units: 0,
  /** Work that takes no units: the number is how many instructions it is taken for. */
  work: 1,
  /** A call of the function with this index, which the module defines. */
  call: 2,
  /** A call of any other function, which may call back. */
  callOther: 12,
  block: 3,
  loop: 4,
  if: 5,
  else: 6,
  end: 7,
  /** The label with this depth may be the next. */
  branch: 8,
  /** The function may be over. */
  leave: 9,
  /** What follows is reached by labels alone. */
  stop: 10,
  /** A legacy handler begins. */
  catch: 11,
} as const;

/** The control flow of functions, one after another, so that it need not be decoded again. */
export interface Tape {
  /** Those behind `length` mean nothing. */
  events: Int32Array;
  length: number;
}

export function createTape(capacity: number): Tape {
  return { events: new Int32Array(capacity), length: 0 };
}

/** Records an event. Numbers are cut at what a function that V8 takes can have. */
export function record(tape: Tape, kind: number, number = 0): void {
  if (tape.length === tape.events.length) {
    const larger = new Int32Array(2 * tape.length);
    larger.set(tape.events);
    tape.events = larger;
  }
  tape.events[tape.length++] = (Math.min(number, MOST) << 4) | kind;
}

const MOST: number = 2 ** 26;
