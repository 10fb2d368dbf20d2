/** Bytes of a module that grow at the end: arrays that are joined later cost several times as much. */
export interface Output {
  /** Those behind `length` mean nothing. */
  bytes: Uint8Array;
  length: number;
}

export function createOutput(room: number): Output {
  return { bytes: new Uint8Array(room), length: 0 };
}

function makeRoom(output: Output, length: number): void {
  if (output.length + length <= output.bytes.length) return;
  const larger = new Uint8Array(2 * (output.length + length));
  larger.set(output.bytes.subarray(0, output.length));
  output.bytes = larger;
}

export function put(output: Output, ...bytes: readonly number[]): void {
  makeRoom(output, bytes.length);
  for (const byte of bytes) output.bytes[output.length++] = byte;
}

export function putAll(output: Output, bytes: Uint8Array, from = 0, to: number = bytes.length): void {
  makeRoom(output, to - from);
  output.bytes.set(bytes.subarray(from, to), output.length);
  output.length += to - from;
}

/** Unsigned LEB128. */
export function putNumber(output: Output, value: number): void {
  makeRoom(output, 5);
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) output.bytes[output.length++] = (rest % 0x80) | 0x80;
  output.bytes[output.length++] = rest;
}

/** `i32.const`: signed LEB128 of what may be above 2^31. */
export function putConstant(output: Output, value: number): void {
  put(output, 0x41);
  let rest = value | 0;
  for (; rest < -0x40 || rest >= 0x40; rest >>= 7) put(output, (rest & 0x7f) | 0x80);
  put(output, rest & 0x7f);
}
