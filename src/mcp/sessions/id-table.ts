/**
 * A number for each id of a session, for millions of them: ids are four numbers each, in a hash table without objects, which takes
 * 24 bytes for a place and is at most half full.
 */
export interface IdTable {
  readonly count: number;
  has(a: number, b: number, c: number, d: number): boolean;
  /** The four numbers are the digits of the id, eight each. */
  add(a: number, b: number, c: number, d: number, value: number): void;
  /** Forgets the ids whose first number is this or larger. */
  dropFrom(first: number): void;
  /** Calls `visit` with each number and the first eight digits of its id, which is made only when it is asked for. */
  each(visit: (value: number, first: number, id: () => string) => void): void;
}

const INITIAL = 1 << 15;

/** @param combine What becomes of the numbers of one id */
export function createIdTable(combine: 'sum' | 'largest'): IdTable {
  let size = INITIAL;
  let ids = new Uint32Array(size * 4);
  /** One more than the value; zero for a free place. */
  let values = new Float64Array(size);
  let count = 0;

  /** Where this id is, or would be. */
  function find(a: number, b: number, c: number, d: number): number {
    let at = (Math.imul(a, 0x9e3779b1) ^ Math.imul(d, 0x85ebca6b) ^ b ^ (c << 7)) & (size - 1);
    while (values[at] !== 0) {
      const word = at * 4;
      if (ids[word] === a && ids[word + 1] === b && ids[word + 2] === c && ids[word + 3] === d) return at;
      at = (at + 1) & (size - 1);
    }
    return at;
  }

  function add(a: number, b: number, c: number, d: number, value: number): void {
    const at = find(a, b, c, d);
    if (values[at] !== 0) {
      if (combine === 'sum') values[at]! += value;
      else values[at] = Math.max(values[at]!, value + 1);
      return;
    }
    const word = at * 4;
    ids[word] = a;
    ids[word + 1] = b;
    ids[word + 2] = c;
    ids[word + 3] = d;
    values[at] = value + 1;
    count += 1;
    if (count * 2 > size) rebuild(size * 2, 2 ** 32);
  }

  /** Into another table, with the ids before a number. */
  function rebuild(newSize: number, before: number): void {
    const [oldIds, oldValues] = [ids, values];
    size = newSize;
    ids = new Uint32Array(size * 4);
    values = new Float64Array(size);
    count = 0;
    for (let at = 0; at < oldValues.length; at++) {
      const word = at * 4;
      if (oldValues[at] === 0 || oldIds[word]! >= before) continue;
      add(oldIds[word]!, oldIds[word + 1]!, oldIds[word + 2]!, oldIds[word + 3]!, oldValues[at]! - 1);
    }
  }

  return {
    get count() {
      return count;
    },
    has: (a, b, c, d) => values[find(a, b, c, d)] !== 0,
    add,
    dropFrom(first) {
      rebuild(size, first);
    },
    each(visit) {
      let word = 0;
      const id = (): string => idOf(ids.subarray(word, word + 4));
      for (let at = 0; at < size; at++) {
        if (values[at] === 0) continue;
        word = at * 4;
        visit(values[at]! - 1, ids[word]!, id);
      }
    },
  };
}

/** Ids of sessions, for a million of them. */
export interface IdSet {
  readonly size: number;
  add(id: string): void;
  has(id: string): boolean;
  ids(): readonly string[];
}

export function createIdSet(): IdSet {
  const table = createIdTable('largest');
  return {
    get size() {
      return table.count;
    },
    add: (id) => table.add(...wordsOf(id), 0),
    has: (id) => table.has(...wordsOf(id)),
    ids() {
      const all: string[] = [];
      table.each((_value, _first, id) => all.push(id()));
      return all;
    },
  };
}

function wordsOf(id: string): [number, number, number, number] {
  const word = (digits: string): number => Number.parseInt(digits, 16);
  return [
    word(id.slice(0, 8)),
    word(id.slice(9, 13) + id.slice(14, 18)),
    word(id.slice(19, 23) + id.slice(24, 28)),
    word(id.slice(28)),
  ];
}

function idOf(words: Uint32Array): string {
  let hex = '';
  for (const word of words) hex += word.toString(16).padStart(8, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
