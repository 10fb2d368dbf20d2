const SHOWN = 4096;

export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** Sixteen bytes a line: offset, hexadecimal, ASCII. */
export function hexDump(base64: string): string {
  const bytes = fromBase64(base64);
  const lines: string[] = [];
  for (let at = 0; at < Math.min(bytes.length, SHOWN); at += 16) {
    const row = bytes.subarray(at, at + 16);
    const hex = [...row].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const ascii = [...row]
      .map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '·'))
      .join('');
    lines.push(`${at.toString(16).padStart(6, '0')}  ${hex.padEnd(47)}  ${ascii}`);
  }
  if (bytes.length > SHOWN) lines.push(`… ${bytes.length - SHOWN} more bytes`);
  return lines.join('\n') || '(empty)';
}
