/** Reads a range of a WebAssembly binary. Every read is checked against its end; reading beyond it calls `fail`. */
export interface Reader {
  /** Offset in the whole file. */
  readonly position: number;
  readonly end: number;
  u8(): number;
  /** The next byte, without advancing. */
  peek(): number;
  u32(): number;
  /** Exact up to 2^53. */
  u64(): number;
  /** Signed 33-bit LEB128: a type index if it is not negative. */
  s33(): number;
  /** Skips a LEB128 number of at most 64 bits. */
  skipNumber(): void;
  skip(length: number): void;
  name(): string;
  /** Reads a name if its first byte is this one; skips any other name, and returns undefined. */
  nameFrom(first: number): string | undefined;
  /** Reads a count, then that many items. */
  list(item: () => void): void;
  /** A separate reader of the next `length` bytes, which this one skips. */
  part(length: number): Reader;
  fail(problem: string): never;
}

export function createReader(
  bytes: Uint8Array,
  fail: (problem: string, position: number) => never,
  start = 0,
  end: number = bytes.length,
): Reader {
  return new ByteReader(bytes, fail, start, end);
}

/** A class, because V8 inlines methods but not closures, of which each reader would have its own: passes over code take half the time. */
class ByteReader implements Reader {
  position: number;
  readonly end: number;
  readonly #bytes: Uint8Array;
  readonly #fail: (problem: string, position: number) => never;
  #decoder: TextDecoder | undefined;

  constructor(
    bytes: Uint8Array,
    fail: (problem: string, position: number) => never,
    start: number,
    end: number,
  ) {
    this.position = start;
    this.end = end;
    this.#bytes = bytes;
    this.#fail = fail;
  }

  u8(): number {
    const { position } = this;
    if (position >= this.end) this.#fail('it is truncated', position);
    this.position = position + 1;
    return this.#bytes[position]!;
  }

  peek(): number {
    if (this.position >= this.end) this.#fail('it is truncated', this.position);
    return this.#bytes[this.position]!;
  }

  /** Most numbers are small. */
  u32(): number {
    const { position } = this;
    if (position >= this.end || this.#bytes[position]! >= 0x80) return this.#leb(32, false);
    this.position = position + 1;
    return this.#bytes[position]!;
  }

  u64(): number {
    return this.#leb(64, false);
  }

  s33(): number {
    return this.#leb(33, true);
  }

  skipNumber(): void {
    const { position } = this;
    if (position < this.end && this.#bytes[position]! < 0x80) {
      this.position = position + 1;
      return;
    }
    for (let length = 0; length < 10; length += 1) if (this.u8() < 0x80) return;
    this.#fail('a number is too long', position);
  }

  skip(length: number): void {
    this.#take(length);
  }

  name(): string {
    const length = this.u32();
    const from = this.#take(length);
    this.#decoder ??= new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    try {
      return this.#decoder.decode(this.#bytes.subarray(from, from + length));
    } catch {
      return this.#fail('a name is not UTF-8', from);
    }
  }

  nameFrom(first: number): string | undefined {
    const before = this.position;
    const length = this.u32();
    if (length > 0 && this.peek() === first) {
      this.position = before;
      return this.name();
    }
    this.#take(length);
    return undefined;
  }

  list(item: () => void): void {
    for (let left = this.u32(); left > 0; left -= 1) item();
  }

  part(length: number): Reader {
    const from = this.#take(length);
    return new ByteReader(this.#bytes, this.#fail, from, from + length);
  }

  fail(problem: string): never {
    return this.#fail(problem, this.position);
  }

  /** Returns where the next `length` bytes begin, which it skips. */
  #take(length: number): number {
    const from = this.position;
    if (length > this.end - from) this.#fail('it is truncated', from);
    this.position = from + length;
    return from;
  }

  /** Seven bits per byte, lowest first; `bits` is the size that the format allows for this number. */
  #leb(bits: number, signed: boolean): number {
    const at = this.position;
    let value = 0;
    for (let shift = 0; shift < bits; shift += 7) {
      const byte = this.u8();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if (signed && byte & 0x40) value -= 2 ** (shift + 7);
        const inRange = signed ? value >= -(2 ** (bits - 1)) && value < 2 ** (bits - 1) : value < 2 ** bits;
        if (!inRange) break;
        return value;
      }
    }
    return this.#fail('a number is too long', at);
  }
}

/** The unsigned LEB128 number at this position, which a reader has checked before. */
export function numberAt(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  return first < 0x80 ? first : longNumberAt(bytes, at);
}

function longNumberAt(bytes: Uint8Array, at: number): number {
  let value = 0;
  let scale = 1;
  for (let next = at; ; next += 1) {
    const byte = bytes[next]!;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
    scale *= 0x80;
  }
}

/** The offset after the LEB128 number at this position. */
export function afterNumber(bytes: Uint8Array, at: number): number {
  let next = at;
  while (bytes[next]! >= 0x80) next += 1;
  return next + 1;
}
