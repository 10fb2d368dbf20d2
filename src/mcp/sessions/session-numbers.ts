import { createIdTable } from './id-table.ts';

/** A number for each session, for millions of them: the sum or the largest of those of its entries. */
export interface SessionNumbers {
  /** How many sessions have one. */
  readonly count: number;
  /** Adds what `sizesByPrefix` or `timesByPrefix` returned. What does not begin like a session's key is left out. */
  add(lines: Uint8Array): void;
  /** Forgets the sessions whose ids begin with this group or a later one: the number that their first eight digits are. */
  dropFrom(group: number): void;
  /** Calls `visit` with each number and the group of its id, which is made only when it is asked for. */
  each(visit: (value: number, group: number, id: () => string) => void): void;
}

/** Bytes of an id, and what ends a line. */
const ID_LENGTH = 36;
const NEWLINE = 10;
const COLON = 58;
const DASH = 45;

/** Places of the digits in an id, eight for each of four numbers. */
const PLACES = Uint8Array.from({ length: 32 }, (_, digit) => digit + [0, 0, 1, 2, 3, 4, 4, 4][digit >> 2]!);
const DASHES = [8, 13, 18, 23];

/** The value of a digit in lower case; `NONE` for other bytes. */
const NONE = 16;
const VALUE = new Uint8Array(256).fill(NONE);
for (let digit = 0; digit < 16; digit++) VALUE[digit.toString(16).charCodeAt(0)] = digit;

export function createSessionNumbers(combine: 'sum' | 'largest'): SessionNumbers {
  const table = createIdTable(combine);
  const words = new Uint32Array(4);
  /** The session of the lines before, as entries of one session mostly follow each other, and what its numbers amount to. */
  const current = new Uint32Array(4);
  let pending = 0;
  let hasCurrent = false;

  function finish(): void {
    if (hasCurrent) table.add(current[0]!, current[1]!, current[2]!, current[3]!, pending);
    pending = 0;
    hasCurrent = false;
  }

  function addEntry(value: number): void {
    const isSame =
      hasCurrent &&
      words[0] === current[0] &&
      words[1] === current[1] &&
      words[2] === current[2] &&
      words[3] === current[3];
    if (!isSame) {
      finish();
      current.set(words);
      hasCurrent = true;
    }
    pending = combine === 'sum' ? pending + value : Math.max(pending, value);
  }

  return {
    get count() {
      return table.count;
    },
    add(lines) {
      let last = -1;
      for (let at = 0; at < lines.length; ) {
        let isEntry = last >= 0 && isSameId(lines, last, at);
        if (!isEntry) {
          isEntry = readId(lines, at, words);
          last = isEntry ? at : -1;
        }
        if (isEntry) at += ID_LENGTH + 1;
        let value = 0;
        for (; at < lines.length && lines[at] !== NEWLINE; at++) {
          const digit = lines[at]! - 48;
          if (digit < 0 || digit > 9) isEntry = false;
          value = value * 10 + digit;
        }
        at += 1;
        if (isEntry) addEntry(value);
      }
      finish();
    },
    dropFrom: table.dropFrom,
    each: table.each,
  };
}

/** Whether the same id begins at both places, with what follows it. */
function isSameId(lines: Uint8Array, one: number, other: number): boolean {
  for (let at = ID_LENGTH; at >= 0; at--) if (lines[one + at] !== lines[other + at]) return false;
  return true;
}

/** Reads the id that begins here; false if there is none, with the colon after it. */
function readId(lines: Uint8Array, start: number, words: Uint32Array): boolean {
  if (lines[start + ID_LENGTH] !== COLON) return false;
  for (let dash = 0; dash < DASHES.length; dash++) if (lines[start + DASHES[dash]!] !== DASH) return false;
  let seen = 0;
  for (let word = 0; word < 4; word++) {
    let value = 0;
    for (let digit = 0; digit < 8; digit++) {
      const found = VALUE[lines[start + PLACES[word * 8 + digit]!]!]!;
      seen |= found;
      value = (value << 4) | found;
    }
    words[word] = value;
  }
  return seen < NONE;
}
