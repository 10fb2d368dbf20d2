const MAGIC = [0x00, 0x61, 0x73, 0x6d];
const CORE_MODULE = [0x01, 0x00, 0x00, 0x00];
const COMPONENT = [0x0d, 0x00, 0x01, 0x00];

/**
 * What a file is instead of a component, and what to do about it; undefined if its first eight bytes are those of a
 * component.
 */
export function detectFormat(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return 'is empty; build or download it again';
  if (!startsWith(bytes, MAGIC, 0)) return describeForeign(bytes);
  if (bytes.length < 8) return 'is truncated after a few bytes; build or download it again';
  if (startsWith(bytes, COMPONENT, 4)) return undefined;
  if (startsWith(bytes, CORE_MODULE, 4)) {
    return 'is a core module, not a component; turn it into one with "wasm-tools component new", or build it for wasm32-wasip2';
  }
  const version = Array.from(bytes.subarray(4, 8), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return `is WebAssembly of an unknown format version (${version}); build it with current tools`;
}

function describeForeign(bytes: Uint8Array): string {
  const text = decodeText(bytes.subarray(0, 1024));
  if (text === undefined) return 'is not WebAssembly; give a component (.wasm)';
  if (/^\s*(;;.*\s*)*\((component|module)\b/.test(text)) {
    return 'is WebAssembly text; make it binary with "wasm-tools parse"';
  }
  if (text.startsWith('version https://git-lfs'))
    return 'is a Git LFS pointer; fetch the file with "git lfs pull"';
  return 'is a text file; give a component (.wasm)';
}

/** The text, or undefined if these bytes are not text. */
function decodeText(bytes: Uint8Array): string | undefined {
  // The end may be in the middle of a character, which does not make it binary.
  const text = new TextDecoder().decode(bytes).replace(/\uFFFD$/, '');
  return /[\u0000-\u0008\u000e-\u001a\uFFFD]/.test(text) ? undefined : text;
}

function startsWith(bytes: Uint8Array, expected: readonly number[], offset: number): boolean {
  return expected.every((byte, index) => bytes[offset + index] === byte);
}
