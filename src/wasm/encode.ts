/** A number as unsigned LEB128, in as few bytes as it takes. */
export function encodeNumber(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 0x80;
    rest = Math.floor(rest / 0x80);
    bytes.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
  return Uint8Array.from(bytes);
}

/** A name: its length in bytes, then UTF-8. */
export function encodeName(name: string): Uint8Array {
  const bytes = new TextEncoder().encode(name);
  return concat([encodeNumber(bytes.length), bytes]);
}

/** A section with its id and its length in front. */
export function encodeSection(id: number, content: Uint8Array): Uint8Array {
  return concat([Uint8Array.of(id), encodeNumber(content.length), content]);
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
