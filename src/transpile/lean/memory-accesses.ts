import type { Span } from './edit.ts';
import { expectShape } from './expect-shape.ts';
import { KEY } from './text.ts';

/** Where code reads or writes a memory, and what it becomes. */
export interface MemoryAccess extends Span {
  /** Undefined for what is copied to one. */
  readonly memory: string | undefined;
  readonly text: string;
}

/** In this order: some are part of others. */
const FORMS = [
  // A copy of a string from memory to memory, which becomes a wasm function.
  'function trampoline\\d+\\(from_ptr, len, to_ptr\\) \\{[^{}]*\\}',
  'utf16Decoder\\.decode\\(new Uint16Array\\(memory\\d+\\.buffer, \\w+, \\w+\\)\\)',
  // Where it is declared, gets its value, or is told to a task: there are no tasks.
  '\\blet memory\\d+(?=;)',
  '(?<![\\w$.])memory\\d+(?= = )',
  '(?<=\\(\\) => )memory\\d+(?=\\))',
  'dataView\\((?<viewed>memory\\d+)\\)\\.(?<method>[gs]et)(?=[A-Z])',
  '(?<encoder>_(?:utf(?:8|16)AllocateAndEncode|allocate|checkList)\\((?:[^();]|\\([^();]*\\))*, )(?<encoded>memory\\d+)(?=\\))',
  'TEXT_DECODER_UTF8\\.decode\\(new Uint8Array\\((?<string>memory\\d+)\\.buffer, (?<from>\\w+), (?<length>\\w+)\\)\\)',
  'new Uint8Array\\((?<list>memory\\d+)\\.buffer\\.slice\\((?<first>\\w+), \\k<first> \\+ (?<count>\\w+) \\* 1\\)\\)',
  'new Uint8Array\\((?<target>memory\\d+)\\.buffer, (?<at>\\w+), (?<size>\\w+)\\)',
  // What a list of numbers is copied from.
  'new Uint8Array\\((?<copied>val\\d+)\\.buffer \\|\\| \\k<copied>, \\k<copied>\\.byteOffset, (?<bytes>valLenBytes\\d+)\\)',
  'new DataView\\((?<written>memory\\d+)\\.buffer\\)',
];
const FORM = new RegExp(FORMS.join('|'), 'g');
/** Forms that have to be known, with what is wrong when one is not. */
const SUSPECT: readonly (readonly [RegExp, string])[] = [
  [/\bTEXT_DECODER_UTF8\.decode\(/, 'a string in an unknown place'],
  [/\.buffer\.slice\b/, 'a list in an unknown place'],
  [/\bdataView\(/, 'a view of an unknown memory'],
  [/\b_utf(?:8|16)AllocateAndEncode\(/, 'a string that goes to an unknown place'],
  [/\b_(?:allocate|checkList)\(/, 'a list in an unknown place'],
];
/** As a variable: no member, no string. */
const MEMORY = /(?<![\w$.'"])memory\d+\b/;

/**
 * Finds all accesses to memories in a component's code. Memories are read through views that are kept; strings and lists
 * of bytes from guests are checked. What is written is written through views that note where.
 *
 * @throws GlueMismatch for one that is of no known form
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
