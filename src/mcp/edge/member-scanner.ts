/** 1 for members of the object itself, 2 for members of an object in it that is entered, 3 for those of one in that. */
export type Level = 1 | 2 | 3;

/** Notified of what a scanner finds. May set the scanner's `stopped`. */
export interface MemberHandler {
  name(level: Level, name: string): void;
  /** A wanted string, number or literal. `at` is the index of its first byte; `bytes` are as they were written. */
  scalar(level: Level, name: string, value: unknown, bytes: Uint8Array, at: number): void;
  /** An object or array, which is skipped, is the value of this member. */
  container(level: Level, name: string): void;
  /** A member of level 1 is complete. */
  member(): void;
  /** The bytes are not a JSON object. */
  invalid(): void;
}

export interface WantedMembers {
  /** Names whose scalars are read rather than skipped, for each level. */
  readonly scalars: readonly ReadonlySet<string>[];
  /** The members of level 1, and of level 2, that are entered when they are objects. */
  readonly entered: readonly ReadonlySet<string>[];
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Longest name or wanted value, in bytes: its bytes are kept until its end. */
const MAX_TOKEN: number = 64 * 1024;

type Place = 'start' | 'first key' | 'key' | 'colon' | 'value' | 'scalar' | 'after value' | 'end';

/** Reads the members of a JSON object byte by byte: other values are skipped, nothing is built from them. */
export class MemberScanner {
  stopped = false;
  /** The object has a name or a wanted value of more than `MAX_TOKEN` bytes. */
  isTooLong = false;
  /** Bytes read so far. */
  read = 0;
  #place: Place = 'start';
  #level: Level = 1;
  /** Open objects and arrays within a value that is skipped. */
  #nested = 0;
  #inString = false;
  #escaped = false;
  #name = '';
  /** The token being read, when it is wanted. */
  #token: number[] | undefined;
  readonly #handler: MemberHandler;
  readonly #wanted: WantedMembers;

  constructor(handler: MemberHandler, wanted: WantedMembers) {
    this.#handler = handler;
    this.#wanted = wanted;
  }

  /** Whether the object was read to its end. */
  get complete(): boolean {
    return this.#place === 'end';
  }

  /** Reads the first `end` bytes, unless it stops before. */
  push(bytes: Uint8Array, end: number): void {
    const start = this.read;
    for (let i = 0; i < end && !this.stopped; i++) {
      if (this.#inString && this.#token === undefined && !this.#escaped) i = endOfPlainText(bytes, i, end);
      this.read = start + i;
      if (i < end) this.#take(bytes[i]!);
    }
    this.read = start + end;
  }

  #take(byte: number): void {
    if (this.#inString) this.#withinString(byte);
    else if (this.#nested > 0) this.#withinContainer(byte);
    else if (this.#place !== 'scalar') this.#betweenTokens(byte);
    else if (!endsScalar(byte)) this.#token?.push(byte);
    else {
      this.#tokenRead(this.read);
      if (!this.stopped) this.#betweenTokens(byte);
    }
  }

  #withinString(byte: number): void {
    if (this.#token !== undefined && this.#token.push(byte) > MAX_TOKEN) {
      this.isTooLong = true;
      this.#handler.invalid();
    }
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) {
      this.#inString = false;
      if (this.#nested === 0) this.#tokenRead(this.read + 1);
    }
  }

  #withinContainer(byte: number): void {
    if (byte === QUOTE) this.#inString = true;
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) this.#nested += 1;
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      this.#nested -= 1;
      if (this.#nested === 0) this.#afterValue();
    }
  }

  #betweenTokens(byte: number): void {
    const place = this.#place;
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) return;
    const closes = byte === CLOSE_OBJECT && (place === 'first key' || place === 'after value');
    if (closes) this.#objectRead();
    else if (place === 'value') this.#valueBegins(byte);
    else if ((place === 'first key' || place === 'key') && byte === QUOTE) {
      this.#inString = true;
      this.#token = [byte];
    } else if (place === 'start' && byte === OPEN_OBJECT) this.#place = 'first key';
    else if (place === 'colon' && byte === COLON) this.#place = 'value';
    else if (place === 'after value' && byte === COMMA) this.#place = 'key';
    else this.#handler.invalid();
  }

  #valueBegins(byte: number): void {
    if (byte === QUOTE) {
      this.#inString = true;
      this.#token = this.#isWanted() ? [byte] : undefined;
    } else if (byte === OPEN_OBJECT && this.#wanted.entered[this.#level - 1]?.has(this.#name)) {
      this.#level = this.#level === 1 ? 2 : 3;
      this.#place = 'first key';
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      this.#handler.container(this.#level, this.#name);
      this.#nested = 1;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY || byte === COMMA || byte === COLON) {
      this.#handler.invalid();
    } else {
      this.#place = 'scalar';
      this.#token = this.#isWanted() ? [byte] : undefined;
    }
  }

  #isWanted(): boolean {
    return this.#wanted.scalars[this.#level - 1]!.has(this.#name);
  }

  /** `end` is the index after the token. */
  #tokenRead(end: number): void {
    const token = this.#token;
    this.#token = undefined;
    if (token === undefined) {
      this.#afterValue();
      return;
    }
    try {
      const text = asciiText(token) ?? DECODER.decode(new Uint8Array(token));
      if (this.#place === 'key' || this.#place === 'first key') {
        this.#place = 'colon';
        this.#name = text.includes('\\') ? JSON.parse(text) : text.slice(1, -1);
        this.#handler.name(this.#level, this.#name);
      } else {
        const bytes = new Uint8Array(token);
        this.#handler.scalar(this.#level, this.#name, JSON.parse(text), bytes, end - bytes.length);
        if (!this.stopped) this.#afterValue();
      }
    } catch {
      this.#handler.invalid();
    }
  }

  #afterValue(): void {
    this.#place = 'after value';
    if (this.#level === 1) this.#handler.member();
  }

  #objectRead(): void {
    if (this.#level === 1) this.#place = 'end';
    else {
      this.#level = this.#level === 3 ? 2 : 1;
      this.#afterValue();
    }
  }
}

/** Up to this length a loop over the bytes is faster than a decoder. */
const SHORT = 64;

/** Undefined for a text that is long, or has other characters. */
function asciiText(bytes: readonly number[]): string | undefined {
  if (bytes.length > SHORT) return undefined;
  let text = '';
  for (const byte of bytes) {
    if (byte >= 0x80) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}

/** Most of a long message is text that is skipped. */
function endOfPlainText(bytes: Uint8Array, from: number, end: number): number {
  let i = from;
  while (i < end && bytes[i] !== QUOTE && bytes[i] !== BACKSLASH) i++;
  return i;
}

function endsScalar(byte: number): boolean {
  return byte === COMMA || byte === CLOSE_OBJECT || byte === CLOSE_ARRAY || byte <= 0x20;
}
