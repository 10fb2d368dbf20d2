import { ABI_HELPERS } from './canonical-abi-helpers.ts';
import { expectShape } from './lean/expect-shape.ts';

/** Code of jco that deviates from the Canonical ABI, and its replacement. */
interface Correction {
  /** Occurs only in text that the pattern matches. */
  readonly token: RegExp;
  readonly pattern: RegExp;
  readonly replacement: string | ((text: string, ...groups: string[]) => string);
}

/** A helper gets the memory that the code after it reads or writes: each function uses only one. */
const MEMORY = '(?=[\\s\\S]*?\\b(?<memory>memory\\d+)\\b)';

const CORRECTIONS: readonly Correction[] = [
  // `realloc` is called for an empty string as well: the adapter of preview 1 writes behind the returned pointer.
  {
    token: /ptr: 1, len: 0/g,
    pattern: /if \(s\.length === 0\) \{ return \{ ptr: 1, len: 0 \}; \}/g,
    replacement: '',
  },
  // The pointer from `realloc` is checked, and unsigned.
  {
    token: /\brealloc\(0, 0, 1,/g,
    pattern: /const ptr = realloc\(0, 0, 1, len\);/g,
    replacement: 'const ptr = _allocate(realloc, 1, len, memory);',
  },
  {
    token: /\brealloc\(0, 0, 2,/g,
    pattern:
      /const ptr = realloc\(0, 0, 2, len \* 2\);\s*const out = new Uint16Array\(memory\.buffer, ptr, len\);/g,
    replacement: `str = str.toWellFormed();
    const ptr = _allocate(realloc, 2, len * 2, memory);
    const out = new Uint16Array(new Uint8Array(memory.buffer, ptr, len * 2).buffer, ptr, len);`,
  },
  {
    token: /\brealloc\d+\(/g,
    pattern: new RegExp(
      `(?<=\\bvar \\w+ = )(?<realloc>realloc\\d+)\\(0, 0, (?<sizes>\\d+, [^;\\n]+)\\)(?=;)${MEMORY}`,
      'g',
    ),
    replacement: '_allocate($<realloc>, $<sizes>, $<memory>)',
  },
  // An array of all characters that nothing reads.
  { token: /\[\.\.\.str\]/g, pattern: /, codepoints: \[\.\.\.str\]\.length/g, replacement: '' },
  // Pointers and lengths among the parameters are unsigned.
  {
    token: /\bvar (?:ptr|len|base)\d+ = arg\d+\b(?!\.length)/g,
    pattern: /\bvar (?:ptr|len|base)\d+ = arg\d+(?=;)/g,
    replacement: '$& >>> 0',
  },
  // The whole list must be in memory; otherwise the trap would come only after the rest of the memory was read.
  {
    token: /\bvar result\d+ = \[\];/g,
    pattern: new RegExp(
      `\\bvar result(?<list>\\d+) = \\[\\];(?=\\s*for \\(let i = 0; i < len\\k<list>; i\\+\\+\\) \\{\\s*const base = base\\k<list> \\+ i \\* (?<size>\\d+);)${MEMORY}`,
      'g',
    ),
    replacement: '_checkList(base$<list>, len$<list>, $<size>, $<memory>); $&',
  },
  // Everything but 0 is true, and undefined bits are ignored.
  {
    token: /(?<!function )\bthrowInvalidBool\(/g,
    pattern: /\b(\w+) == 0 \? false : \(\1 == 1 \? true : throwInvalidBool\(\)\)/g,
    replacement: '$1 != 0',
  },
  {
    token: /'flags have extraneous bits set'/g,
    pattern:
      /if \(\([^\n]+ & \d+\) !== 0\) \{\s*throw new TypeError\('flags have extraneous bits set'\);\s*\}/g,
    replacement: '',
  },
  {
    token: /\bfunction clampGuest\(/g,
    pattern:
      /(function clampGuest\(i, min, max\) \{)\s*if \(i < min \|\| i > max\) \{\s*throw new TypeError\(`[^`]*`\);\s*\}\s*return i;/g,
    replacement: `$1
  const bits = i & (max - min);
  return bits > max ? bits - (max - min) - 1 : bits;`,
  },
  // Strings between components of different encodings, of any length. Lone surrogates trap.
  {
    token: /\bString\.fromCharCode\.apply\(/g,
    pattern:
      /const encoder = new TextEncoder\(\);\s*const \{ read, written \} = encoder\.encodeInto\(String\.fromCharCode\.apply\(null, new Uint16Array\((memory\d+)\.buffer, src, src_len\)\), new Uint8Array\((memory\d+)\.buffer, dst, dst_len\)\);\s*return \[read, written\];/g,
    replacement: 'return _utf16ToUtf8($1, src, src_len, $2, dst, dst_len);',
  },
  {
    token: /\bcontent\.charCodeAt\(/g,
    pattern:
      /const decoder = new TextDecoder\(\);\s*const content = decoder\.decode\(new Uint8Array\((memory\d+)\.buffer, from_ptr, len\)\);\s*const codeUnits = content\.length;\s*const view = new Uint16Array\((memory\d+)\.buffer, to_ptr, codeUnits\);\s*for \(var i = 0; i < codeUnits; i\+\+\) \{\s*view\[i\] = content\.charCodeAt\(i\);\s*\}\s*return codeUnits;/g,
    replacement: 'return _utf8ToUtf16($1, from_ptr, len, $2, to_ptr);',
  },
];

const HOST_FUNCTION =
  /(const (_trampoline\d+) = (?:async )?function\((?:\w+, )*(\w+)\) \{\n)((\s*)[\s\S]*?\n\s*\2\.fnName = )/g;
const ENTRY = /^export function instantiate\([^\n]*\) \{$/m;

/**
 * Makes jco's code follow the Canonical ABI where components can observe it: what is allowed does not fail, and what must trap
 * does.
 *
 * @throws GlueMismatch if the code does not have the expected form
 */
export function followCanonicalAbi(glue: string): string {
  let code = glue.replace(HOST_FUNCTION, checkResultPointer);
  for (const { token, pattern, replacement } of CORRECTIONS) {
    const expected = code.match(token)?.length ?? 0;
    if (expected === 0) continue;
    expectShape(code.match(pattern)?.length === expected, `the place of ${token.source}`);
    code = code.replace(pattern, replacement as string);
  }
  const used = Object.entries(ABI_HELPERS).filter(([name]) => code.includes(`${name}(`));
  if (used.length === 0) return code;
  expectShape(ENTRY.test(code), 'there is no function instantiate');
  return code.replace(ENTRY, (entry) => [entry, ...used.map(([, helper]) => helper)].join('\n'));
}

/** The last parameter of a host function may be the pointer to its result, aligned like the largest part of the result. */
function checkResultPointer(
  text: string,
  head: string,
  _name: string,
  last: string,
  rest: string,
  indent: string,
): string {
  const writes = rest.matchAll(new RegExp(`\\.set[A-Z][A-Za-z]*(\\d+)\\(${last} \\+ `, 'g'));
  const align = Math.max(0, ...[...writes].map(([, bits]) => Number(bits) / 8));
  return align === 0 ? text : `${head}${indent}${last} = _resultPointer(${last}, ${align});\n${rest}`;
}
