/** The unsigned LEB128 number at this position, which was stepped over before, and where it ends. */
export function number(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  let next = at;
  for (let scale = 1; ; scale *= 0x80) {
    const byte = bytes[next]!;
    next += 1;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, next };
  }
}
