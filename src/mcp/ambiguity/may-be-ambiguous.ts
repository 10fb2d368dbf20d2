const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [0x7b, 0x7d, 0x5b, 0x5d];

/** Clear in capitals, and in few characters of names besides. */
const LOWER = 0x20;

/** More names are looked at closely. */
const MAX_NAMES = 64;

/** Hashes of the names in objects that are open. Shared: a call ends before the next one begins. */
const HASHES = new Int32Array(MAX_NAMES);

/** The bytes at which reading a name, or another string, is interrupted. */
const ENDS_NAME: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(byte === QUOTE || byte === BACKSLASH || byte >= 0x80),
);
const ENDS_STRING: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(byte === QUOTE || byte === BACKSLASH),
);

/** Of a name that is not empty: its length and six of its bytes. Capitals count as small letters. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  const middle = (start + end) >> 1;
  const first = (bytes[start]! << 16) ^ (bytes[middle]! << 8);
  const last = (bytes[end - 1]! << 24) ^ bytes[end - 2]!;
  return ((first ^ last) | 0x20202020) ^ Math.imul(end - start, 0x9e3779b1);
}

const hashOfName = (name: string): number => hashOf(Buffer.from(`"${name}`), 1, name.length + 1);
const [PARAMS, META] = [hashOfName('params'), hashOfName('_meta')];
const [METHOD, RESULT, ERROR] = [hashOfName('method'), hashOfName('result'), hashOfName('error')];

function hasCapital(bytes: Uint8Array, start: number, end: number): boolean {
  let common = LOWER;
  for (let i = start; i < end; i++) common &= bytes[i]!;
  return common === 0;
}

/**
 * Whether a closer look could find a member of a message, its `params` or their `_meta` that is ambiguous. Nearly always false, and
 * fast: every message is read here, byte by byte, without allocation.
 */
export function mayBeAmbiguous(bytes: Uint8Array): boolean {
  const { length } = bytes;
  /** Objects and arrays that are open. */
  let depth = 0;
  /** Those of them whose members are compared: the message is 1, `params` 2, `_meta` 3. */
  let level = 0;
  let expectsName = false;
  let name = 0;
  let hasMethod = false;
  let hasOutcome = false;
  /** Where the names of the innermost level begin, and those of `params`. */
  let base = 0;
  let paramsBase = 0;
  let count = 0;
  for (let i = startOf(bytes); i < length; i++) {
    const byte = bytes[i]!;
    if (byte === QUOTE) {
      i += 1;
      if (!expectsName) {
        for (; i < length; i++) {
          if (ENDS_STRING[bytes[i]!] === 0) continue;
          if (bytes[i] === QUOTE) break;
          i += 1;
        }
        continue;
      }
      const start = i;
      while (i < length && ENDS_NAME[bytes[i]!] === 0) i += 1;
      if (i >= length) return false;
      if (bytes[i] !== QUOTE || i === start) return true;
      name = hashOf(bytes, start, i);
      if (level === 1) {
        if (hasCapital(bytes, start, i)) return true;
        hasMethod ||= name === METHOD;
        hasOutcome ||= name === RESULT || name === ERROR;
        if (hasMethod && hasOutcome) return true;
      }
      for (let j = base; j < count; j++) if (HASHES[j] === name) return true;
      if (count === MAX_NAMES) return true;
      HASHES[count] = name;
      count += 1;
      expectsName = false;
    } else if (byte === COMMA) {
      expectsName = depth === level;
    } else if (byte === OPEN_OBJECT) {
      const isEntered =
        depth === level && (level === 0 || (level === 1 ? name === PARAMS : level === 2 && name === META));
      depth += 1;
      if (!isEntered) continue;
      level += 1;
      base = count;
      if (level === 2) paramsBase = base;
      expectsName = true;
    } else if (byte === OPEN_ARRAY) {
      depth += 1;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      if (depth === level) {
        level -= 1;
        count = base;
        base = level === 2 ? paramsBase : 0;
        expectsName = false;
      }
      depth -= 1;
      // The message ends here. What follows makes it another text than JSON.
      if (depth <= 0) return false;
    } else if (depth === 0 && byte > 0x20) {
      return false;
    }
  }
  return false;
}

/** Some parsers skip a byte-order mark. */
function startOf(bytes: Uint8Array): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}
