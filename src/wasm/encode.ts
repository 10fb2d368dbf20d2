/** The preamble of a core module. */
export const PREAMBLE: Uint8Array = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);

/** A growing buffer for the bytes of a module: concatenating arrays costs several times as much. */
export interface Output {
  /** Bytes at `length` and beyond have no meaning. */
  bytes: Uint8Array;
  length: number;
}

export function createOutput(capacity: number): Output {
  return { bytes: new Uint8Array(capacity), length: 0 };
}

function reserve(output: Output, length: number): void {
  if (output.length + length <= output.bytes.length) return;
  const larger = new Uint8Array(2 * (output.length + length));
  larger.set(output.bytes.subarray(0, output.length));
  output.bytes = larger;
}

export function putByte(output: Output, byte: number): void {
  if (output.length === output.bytes.length) reserve(output, 1);
  output.bytes[output.length++] = byte;
}

export function put(output: Output, ...bytes: readonly number[]): void {
  reserve(output, bytes.length);
  for (const byte of bytes) output.bytes[output.length++] = byte;
}

export function putAll(output: Output, bytes: Uint8Array, from = 0, to: number = bytes.length): void {
  reserve(output, to - from);
  output.bytes.set(bytes.subarray(from, to), output.length);
  output.length += to - from;
}

/** Unsigned LEB128, in as few bytes as possible. */
export function putNumber(output: Output, value: number): void {
  if (value < 0x80) {
    putByte(output, value);
    return;
  }
  reserve(output, 8);
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) output.bytes[output.length++] = (rest % 0x80) | 0x80;
  output.bytes[output.length++] = rest;
}

/** Signed LEB128 of 32 bits; a number from 2^31 on is encoded as the negative number with the same bits. */
export function putSigned(output: Output, value: number): void {
  let rest = value | 0;
  for (; rest < -0x40 || rest >= 0x40; rest >>= 7) putByte(output, (rest & 0x7f) | 0x80);
  putByte(output, rest & 0x7f);
}

/** `i32.const`. */
export function putConstant(output: Output, value: number): void {
  putByte(output, 0x41);
  putSigned(output, value);
}

export function written({ bytes, length }: Output): Uint8Array {
  return bytes.subarray(0, length);
}

/** Unsigned LEB128, exact up to 2^53. */
export function encodeNumber(value: number): Uint8Array {
  const output = createOutput(8);
  putNumber(output, value);
  return written(output);
}

/** Unsigned LEB128 of 32 bits with exactly this number of bytes; undefined if it needs more, or the format allows fewer. */
export function encodeNumberIn(value: number, length: number): Uint8Array | undefined {
  const shortest = encodeNumber(value);
  if (shortest.length > length || length > 5) return undefined;
  const bytes = new Uint8Array(length).fill(0x80, 0, length - 1);
  for (const [index, byte] of shortest.entries()) bytes[index]! |= byte;
  return bytes;
}

/** Signed LEB128 of 32 bits. */
export function encodeSigned(value: number): Uint8Array {
  const output = createOutput(5);
  putSigned(output, value);
  return written(output);
}

/** A name: its length in bytes, then UTF-8. */
export function encodeName(name: string): Uint8Array {
  const bytes = new TextEncoder().encode(name);
  return concat([encodeNumber(bytes.length), bytes]);
}

/** A vector: the number of items, then the items. */
export function encodeVector(items: readonly Uint8Array[]): Uint8Array {
  return concat([encodeNumber(items.length), ...items]);
}

/** A section: its id, its length, then the content. */
export function encodeSection(id: number, content: Uint8Array): Uint8Array {
  return concat([Uint8Array.of(id), encodeNumber(content.length), content]);
}

/** A module of these sections, each of which is a vector. */
export function encodeModule(
  sections: readonly (readonly [id: number, items: readonly Uint8Array[]])[],
): Uint8Array {
  return concat([PREAMBLE, ...sections.map(([id, items]) => encodeSection(id, encodeVector(items)))]);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
