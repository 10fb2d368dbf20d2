import type { Span } from './edit.ts';
import { expectShape } from './expect-shape.ts';
import { KEY } from './text.ts';

/** Code that reads or writes a memory, and its replacement. */
export interface MemoryAccess extends Span {
  /** Undefined for a source that is copied to a memory. */
  readonly memory: string | undefined;
  readonly text: string;
}

/** The order matters: some are part of others. */
const FORMS = [
  // A copy of a string from memory to memory, which becomes a wasm function.
  'function trampoline\\d+\\(from_ptr, len, to_ptr\\) \\{[^{}]*\\}',
  'utf16Decoder\\.decode\\(new Uint16Array\\(memory\\d+\\.buffer, \\w+, \\w+\\)\\)',
  // Its declaration, its assignment, and where it is passed to a task: there are no tasks.
  '\\blet memory\\d+(?=;)',
  '(?<![\\w$.])memory\\d+(?= = )',
  '(?<=\\(\\) => )memory\\d+(?=\\))',
  'dataView\\((?<viewed>memory\\d+)\\)\\.(?<method>[gs]et)(?=[A-Z])',
  '(?<encoder>_(?:utf(?:8|16)AllocateAndEncode|allocate|checkList)\\((?:[^();]|\\([^();]*\\))*, )(?<encoded>memory\\d+)(?=\\))',
  'TEXT_DECODER_UTF8\\.decode\\(new Uint8Array\\((?<string>memory\\d+)\\.buffer, (?<from>\\w+), (?<length>\\w+)\\)\\)',
  'new Uint8Array\\((?<list>memory\\d+)\\.buffer\\.slice\\((?<first>\\w+), \\k<first> \\+ (?<count>\\w+) \\* 1\\)\\)',
  'new Uint8Array\\((?<target>memory\\d+)\\.buffer, (?<at>\\w+), (?<size>\\w+)\\)',
  // The source of a copied list of numbers.
  'new Uint8Array\\((?<copied>val\\d+)\\.buffer \\|\\| \\k<copied>, \\k<copied>\\.byteOffset, (?<bytes>valLenBytes\\d+)\\)',
  'new DataView\\((?<written>memory\\d+)\\.buffer\\)',
];
const FORM = new RegExp(FORMS.join('|'), 'g');
/** Code that must have a known form, and the problem if it does not. */
const SUSPECT: readonly (readonly [RegExp, string])[] = [
  [/\bTEXT_DECODER_UTF8\.decode\(/, 'a string in an unknown place'],
  [/\.buffer\.slice\b/, 'a list in an unknown place'],
  [/\bdataView\(/, 'a view of an unknown memory'],
  [/\b_utf(?:8|16)AllocateAndEncode\(/, 'a string that goes to an unknown place'],
  [/\b_(?:allocate|checkList)\(/, 'a list in an unknown place'],
];
/** As a variable: not a member, not in a string. */
const MEMORY = /(?<![\w$.'"])memory\d+\b/;

/**
 * Finds all accesses to memories in a component's code. Reads go through cached views; strings and lists of bytes from guests
 * are checked. Writes go through views that mark them in the dirty map.
 *
 * @throws GlueMismatch for an access in an unknown form
 */
export function findMemoryAccesses(code: string): MemoryAccess[] {
  const others = code.replace(KEY, '$1').replace(FORM, '');
  for (const [pattern, what] of SUSPECT) expectShape(!pattern.test(others), what);
  expectShape(!MEMORY.test(others), `what becomes of ${MEMORY.exec(others)?.[0]}`);
  return [...code.matchAll(FORM)].flatMap((match) => becomes(match) ?? []);
}

function becomes(match: RegExpExecArray): MemoryAccess | undefined {
  const {
    viewed,
    method,
    encoder,
    encoded,
    string,
    from,
    length,
    list,
    first,
    count,
    target,
    at,
    size,
    copied,
    bytes,
    written,
  } = match.groups ?? {};
  const access = (memory: string | undefined, text: string, skipped = 0): MemoryAccess => ({
    start: match.index + skipped,
    end: match.index + match[0].length,
    memory,
    text: `${text}`,
  });
  if (viewed) return access(viewed, `$${viewed}.${method === 'set' ? 'writer' : 'view'}().${method}`);
  if (encoder && encoded) {
    expectShape(!MEMORY.test(encoder), 'the memory of a string');
    return access(encoded, `$${encoded}`, encoder.length);
  }
  if (string) return access(string, `$memoryReader.string($${string}.bytes(), ${from}, ${length})`);
  if (list) return access(list, `$memoryReader.list($${list}.bytes(), ${first}, ${count})`);
  if (target) return access(target, `$${target}.target(${at}, ${size})`);
  if (copied) return access(undefined, `$memoryReader.bytes(${copied}, ${bytes})`);
  return written ? access(written, `$${written}.writer()`) : undefined;
}
