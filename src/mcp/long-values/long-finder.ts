import { MAX_NESTING, TOO_DEEP } from '../json.ts';

/** A part of a text; `end` is exclusive. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Bytes from which on an object, array or string is long: it is not parsed. */
export const LONG: number = 64 * 1024;

/** The message has too many values that would have to be parsed. */
export class TooManyValues extends SyntaxError {
  constructor(most: number) {
    super(`more than ${most} values outside of long members of params or result`);
  }
}

/** The members of a message whose own members may be long. */
const ENTERED: readonly Buffer[] = ['"params"', '"result"', '"error"'].map((name) => Buffer.from(name));

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [0x7b, 0x7d, 0x5b, 0x5d];

/**
 * Finds the long objects, arrays and strings among the members of `params`, `result` and `error` of a message, byte by byte, as they arrive. Of
 * what is long only the nesting is checked. What is not JSON otherwise is left to the parser.
 */
export class LongFinder {
  readonly found: Range[] = [];
  /** Why the message cannot be read. */
  error: SyntaxError | undefined;
  readonly #isKept: (quotedName: string) => boolean;
  readonly #maxValues: number;
  /** The brackets that close what is open. */
  readonly #closing = new Uint8Array(MAX_NESTING + 1);
  #at = 0;
  #isOver = false;
  #inString = false;
  #depth = 0;
  /** How many of the open objects have members whose names matter: the message is 1, `params` 2. */
  #level = 0;
  #expectsName = false;
  #nameStart = 0;
  #nameEnd = 0;
  /** Where the member of level 2 begins that is an object, array or string. */
  #start = 0;
  #values = 0;
  #valuesBefore = 0;

  /**
   * `isKept` gets the name of a long member as it is written, and returns whether it is to be parsed regardless. `maxValues` is how many
   * values a message may have outside of long ones: a comma counts as one, and so does an opening bracket.
   */
  constructor(isKept: (quotedName: string) => boolean, maxValues: number) {
    this.#isKept = isKept;
    this.#maxValues = maxValues;
  }

  /** Reads on until `end`. `bytes` are those of the message from its beginning. */
  advance(bytes: Buffer, end: number): void {
    const closing = this.#closing;
    let i = this.#at;
    // Fields are slower than variables.
    let depth = this.#depth;
    let values = this.#values;
    if (this.#inString) {
      i = this.#stringEnds(bytes, i, end, depth);
      if (!this.#inString) i += 1;
    }
    for (; i < end && !this.#isOver; i++) {
      const byte = bytes[i]!;
      if (byte === QUOTE) {
        if (this.#expectsName) this.#nameStart = i;
        else if (depth === 2) this.#start = i;
        i = this.#stringEnds(bytes, i + 1, end, depth);
        if (this.#inString) break;
      } else if (byte === COMMA) {
        values += 1;
        if (depth !== this.#level) continue;
        this.#expectsName = true;
        if (values > this.#maxValues) this.#end(new TooManyValues(this.#maxValues));
      } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        values += 1;
        if (depth === this.#level) this.#memberBegins(bytes, i, values);
        depth += 1;
        if (depth > MAX_NESTING) this.#end(new SyntaxError(TOO_DEEP));
        closing[depth] = byte === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_ARRAY;
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        // Otherwise it is not JSON: the parser says so.
        if (closing[depth] !== byte) this.#end();
        depth -= 1;
        if (depth <= 0) this.#end();
        else if (depth < this.#level) this.#level = depth;
        else if (depth === 2 && this.#level === 2 && this.#addIfLong(bytes, i + 1)) {
          values = this.#valuesBefore;
        }
      }
    }
    this.#at = i;
    this.#depth = depth;
    this.#values = values;
  }

  /** Returns the index of the quote, or one that is not below `end` if there is none yet. */
  #stringEnds(bytes: Buffer, from: number, end: number, depth: number): number {
    let i = from;
    while (i < end && bytes[i] !== QUOTE) i += bytes[i] === BACKSLASH ? 2 : 1;
    this.#inString = i >= end;
    if (this.#inString) return i;
    if (this.#expectsName) {
      this.#expectsName = false;
      this.#nameEnd = i + 1;
    } else if (depth === 2 && this.#level === 2) this.#addIfLong(bytes, i + 1);
    return i;
  }

  /** The message is complete. */
  end(): void {
    if (this.#values > this.#maxValues) this.#end(new TooManyValues(this.#maxValues));
    this.#isOver = true;
  }

  #end(error?: SyntaxError): void {
    this.#isOver = true;
    this.error ??= error;
  }

  /** An object or array. */
  #memberBegins(bytes: Buffer, at: number, values: number): void {
    const isObject = bytes[at] === OPEN_OBJECT;
    const isEntered = this.#level === 0 || (this.#level === 1 && this.#isNameEntered(bytes));
    if (isObject && isEntered) {
      this.#level += 1;
      this.#expectsName = true;
    } else if (this.#level === 2) {
      this.#start = at;
      this.#valuesBefore = values;
    }
  }

  #isNameEntered(bytes: Buffer): boolean {
    const [start, end] = [this.#nameStart, this.#nameEnd];
    return ENTERED.some(
      (name) => end - start === name.length && bytes.compare(name, 0, name.length, start, end) === 0,
    );
  }

  /** Of a member of level 2. */
  #addIfLong(bytes: Buffer, end: number): boolean {
    const start = this.#start;
    if (end - start <= LONG || this.#isKept(bytes.toString('utf8', this.#nameStart, this.#nameEnd)))
      return false;
    this.found.push({ start, end });
    return true;
  }
}
