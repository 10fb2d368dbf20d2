import { fold } from '../ambiguity/comparison.ts';
import { LongValue } from './long-value.ts';

/** Most names with an escape, or a character beyond ASCII, that are decoded in one object. */
const MAX_DECODED = 10_000;

/** Most members of one object that have one of the names. */
const MAX_SELECTED = 1000;

const [TAB, LINE_FEED, CARRIAGE_RETURN, SPACE] = [0x09, 0x0a, 0x0d, 0x20];
const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [0x7b, 0x7d, 0x5b, 0x5d];

/**
 * The text of a long object with only those members that have one of these names, in any case. Objects in it are treated alike, and
 * lists are empty.
 *
 * @throws SyntaxError if it is not JSON, as far as it is read, or if it takes long to find out which names it has
 */
export function selectMembers({ bytes }: LongValue, names: readonly string[]): string {
  return bytes[0] === OPEN_OBJECT ? selected(bytes, new Names(names)) : '[]';
}

function selected(bytes: Buffer, names: Names): string {
  const parts: string[] = [];
  readObject(bytes, (nameStart, nameEnd, start, end) => {
    if (!names.includes(bytes, nameStart, nameEnd)) return;
    if (parts.length >= MAX_SELECTED)
      throw new SyntaxError(`more than ${MAX_SELECTED} members with one name`);
    const first = bytes[start];
    const name = bytes.toString('utf8', nameStart, nameEnd);
    let value = first === OPEN_ARRAY ? '[]' : bytes.toString('utf8', start, end);
    if (first === OPEN_OBJECT) value = selected(bytes.subarray(start, end), names);
    parts.push(`${name}:${value}`);
  });
  return `{${parts.join(',')}}`;
}

/**
 * A long object without the members of this name.
 *
 * @throws SyntaxError as `selectMembers`
 */
export function withoutMember({ bytes }: LongValue, name: string): LongValue {
  const names = new Names([name]);
  const kept: Buffer[] = [];
  /** Where the members begin that are kept, and where the last one ends; undefined if the last one is left out. */
  let from: number | undefined;
  let to = 0;
  const keep = (): void => {
    if (from !== undefined) kept.push(bytes.subarray(from, to));
    from = undefined;
  };
  readObject(bytes, (nameStart, nameEnd, _, end) => {
    const isLeftOut =
      names.includes(bytes, nameStart, nameEnd) &&
      JSON.parse(bytes.toString('utf8', nameStart, nameEnd)) === name;
    if (isLeftOut) keep();
    else {
      from ??= nameStart;
      to = end;
    }
  });
  keep();
  const parts = kept.flatMap((part, i) => (i === 0 ? [part] : [Buffer.from(','), part]));
  return new LongValue(Buffer.concat([Buffer.from('{'), ...parts, Buffer.from('}')]));
}

/** Compares names without decoding most of them. */
class Names {
  readonly #names: readonly Buffer[];
  readonly #folded: ReadonlySet<string>;
  #decoded = 0;

  constructor(names: readonly string[]) {
    this.#folded = new Set(names.map(fold));
    this.#names = [...this.#folded].map((name) => Buffer.from(`"${name}"`));
  }

  /** Whether this is one of the names, in any case; `start` and `end` include the quotes. */
  includes(bytes: Buffer, start: number, end: number): boolean {
    for (let i = start + 1; i < end - 1; i++) {
      if (bytes[i]! < 0x80 && bytes[i] !== BACKSLASH) continue;
      this.#decoded += 1;
      if (this.#decoded > MAX_DECODED) throw new SyntaxError(`more than ${MAX_DECODED} unusual names`);
      return this.#folded.has(fold(JSON.parse(bytes.toString('utf8', start, end)) as string));
    }
    return this.#names.some((name) => isEqual(name, bytes, start, end));
  }
}

/** Whether this is the name, which is in small letters. */
function isEqual(name: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let i = 0; i < name.length; i++) {
    const byte = bytes[start + i]!;
    if (name[i] !== (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte)) return false;
  }
  return true;
}

type Visit = (nameStart: number, nameEnd: number, start: number, end: number) => void;

/** Calls `visit` with the place of each member of an object. */
function readObject(bytes: Buffer, visit: Visit): void {
  let i = afterSpace(bytes, 1);
  while (bytes[i] !== CLOSE_OBJECT) {
    if (bytes[i] !== QUOTE) throw new SyntaxError('not JSON');
    const nameEnd = afterString(bytes, i);
    const colon = afterSpace(bytes, nameEnd);
    if (bytes[colon] !== COLON) throw new SyntaxError('not JSON');
    const start = afterSpace(bytes, colon + 1);
    const end = afterValue(bytes, start);
    visit(i, nameEnd, start, end);
    i = afterSpace(bytes, end);
    if (bytes[i] === COMMA) i = afterSpace(bytes, i + 1);
  }
}

function afterSpace(bytes: Buffer, from: number): number {
  let i = from;
  for (;;) {
    const byte = bytes[i];
    if (byte !== SPACE && byte !== LINE_FEED && byte !== CARRIAGE_RETURN && byte !== TAB) return i;
    i += 1;
  }
}

function afterString(bytes: Buffer, from: number): number {
  let i = from + 1;
  while (i < bytes.length && bytes[i] !== QUOTE) i += bytes[i] === BACKSLASH ? 2 : 1;
  return i + 1;
}

function afterValue(bytes: Buffer, from: number): number {
  let depth = 0;
  for (let i = from; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte === QUOTE) i = afterString(bytes, i) - 1;
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth += 1;
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      if (depth === 0) return i;
      depth -= 1;
    } else if (byte === COMMA && depth === 0) return i;
  }
  return bytes.length;
}
