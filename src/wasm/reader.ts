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
  let decoder: TextDecoder | undefined;
  let position = start;

  function take(length: number): number {
    if (length > end - position) fail('it ends in the middle', position);
    const from = position;
    position += length;
    return from;
  }

  function u8(): number {
    if (position >= end) fail('it ends in the middle', position);
    return bytes[position++]!;
  }

  /** Most numbers are small. */
  function u32(): number {
    return position < end && bytes[position]! < 0x80 ? bytes[position++]! : leb(32, false);
  }

  /** Seven bits per byte, lowest first; `bits` is the size that the format allows for this number. */
  function leb(bits: number, signed: boolean): number {
    const at = position;
    let value = 0;
    for (let shift = 0; shift < bits; shift += 7) {
      const byte = u8();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if (signed && byte & 0x40) value -= 2 ** (shift + 7);
        const inRange = signed ? value >= -(2 ** (bits - 1)) && value < 2 ** (bits - 1) : value < 2 ** bits;
        if (!inRange) break;
        return value;
      }
    }
    return fail('a number is too long', at);
  }

  const reader: Reader = {
    get position() {
      return position;
    },
    end,
    u8,
    peek() {
      if (position >= end) fail('it ends in the middle', position);
      return bytes[position]!;
    },
    u32,
    u64: () => leb(64, false),
    s33: () => leb(33, true),
    skipNumber() {
      const at = position;
      for (let length = 0; length < 10; length += 1) if (u8() < 0x80) return;
      fail('a number is too long', at);
    },
    skip(length) {
      take(length);
    },
    name() {
      const length = reader.u32();
      const from = take(length);
      decoder ??= new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
      try {
        return decoder.decode(bytes.subarray(from, from + length));
      } catch {
        return fail('a name is not UTF-8', from);
      }
    },
    list(item) {
      for (let left = reader.u32(); left > 0; left -= 1) item();
    },
    part(length) {
      const from = take(length);
      return createReader(bytes, fail, from, from + length);
    },
    fail: (problem) => fail(problem, position),
  };
  return reader;
}

/** The unsigned LEB128 number at this position, which a reader has checked before, and the offset after it. */
export function numberAt(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  let next = at;
  for (let scale = 1; ; scale *= 0x80) {
    const byte = bytes[next]!;
    next += 1;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, next };
  }
}
