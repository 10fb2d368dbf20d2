/** The only control characters that are sent to a terminal: tab and line feed. */
const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** The first UTF-8 byte of U+0080 to U+009F, which are control characters too. */
const C1_LEAD = 0xc2;

/**
 * Converts what a guest prints for `stream`: a terminal gets escapes instead of control characters, so that a guest can
 * neither change what others have printed nor enter input for the user; any other stream gets the bytes unchanged.
 */
export function shownOn(stream: NodeJS.WritableStream): (bytes: Uint8Array) => Uint8Array {
  if ((stream as { readonly isTTY?: boolean }).isTTY !== true) return (bytes) => bytes;
  let before = 0;
  return (bytes) => {
    const parts: Uint8Array[] = [];
    let shown = 0;
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at]!;
      if (isControl(byte, before, bytes[at + 1])) {
        parts.push(bytes.subarray(shown, at), Buffer.from(`\\x${byte.toString(16).padStart(2, '0')}`));
        shown = at + 1;
      }
      before = byte;
    }
    return shown === 0 ? bytes : Buffer.concat([...parts, bytes.subarray(shown)]);
  };
}

function isControl(byte: number, before: number, after: number | undefined): boolean {
  if (byte === TAB || byte === LINE_FEED) return false;
  if (byte === CARRIAGE_RETURN) return after !== LINE_FEED;
  return byte < 0x20 || byte === 0x7f || (byte >= 0x80 && byte < 0xa0 && before === C1_LEAD);
}
