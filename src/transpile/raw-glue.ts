import { followCanonicalAbi } from './canonical-abi.ts';
import { chargeLifts } from './charge-lifts.ts';
import { GlueMismatch } from './lean/expect-shape.ts';
import { hideNames } from './lean/names.ts';

/** Inserted before the glue's code. */
const PRELUDE = `
// A library never prints; each failure that jco would print is also thrown.
const console = { debug() {}, error() {} };

function _readyHostOperation(operation) {
  const result = operation();
  if (typeof result?.then !== 'function') return result;
  Promise.resolve(result).catch(() => {});
  throw new WebAssembly.RuntimeError('the host answered with a promise to a call that cannot wait');
}

function _listBytes(memory, ptr, size) {
  const start = ptr >>> 0;
  if (start + size > memory.buffer.byteLength) throw new WebAssembly.RuntimeError('a list is outside of the memory');
  return memory.buffer.slice(start, start + size);
}

function _copyUtf8(from, src, length, to, dst) {
  const bytes = new Uint8Array(from.buffer, src >>> 0, length);
  new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  new Uint8Array(to.buffer, dst >>> 0, length).set(bytes);
}

`;

const ENTRY = 'export function instantiate(';

/** As emitted, a list is truncated at the end of the memory. */
const LIST = /(memory\d+)\.buffer\.slice\((\w+), \2 \+ (\w+ \* \d+)\)/g;
/** A copy of a string between components. As emitted, it may contain invalid UTF-8. */
const COPY =
  /new Uint8Array\((memory\d+)\.buffer, to_ptr, len\)\.set\(new Uint8Array\((memory\d+)\.buffer, from_ptr, len\)\);/g;

/** One lowered host function: its text, whether it is async, and the function that it calls. */
const TRAMPOLINE =
  /const (?<id>_trampoline\d+) = (?<async>async )?function\(.*?\n\s*\k<id>\.fnName = '(?<name>[^']*)';\n(?<marked>\s*\k<id>\.manuallyAsync = true;)?/gs;

/**
 * Repairs jco's JSPI glue. The number of matches of each rewrite is checked, so that a new jco cannot go unnoticed.
 *
 * - Invalid UTF-8 or UTF-16 from a guest traps (as the canonical ABI says) instead of being replaced, and a byte-order
 *   mark stays: two different keys never become one.
 * - A host function that rejects makes its caller trap. As emitted, it left the guest suspended forever.
 * - Contents are charged to the guest's budget before they are lifted.
 * - A promise where none can be awaited traps. As emitted, it was lowered as garbage.
 *
 * @param suspending names of the functions that must be able to wait, as `fnName` spells them (`interface#method`)
 * @throws TypeError if the code does not have the expected form
 */
export function patchGlue(glue: string, suspending: ReadonlySet<string>, generator: string): string {
  const expectShape = (condition: boolean, what: string): void => {
    if (!condition) throw new TypeError(`cannot patch the code that ${generator} generated: ${what}`);
  };
  const count = (text: string, part: string): number => text.split(part).length - 1;
  const { code: hidden, reveal } = hideNames(glue);
  const code = orMismatch(() => followCanonicalAbi(hidden), expectShape);
  let hostFunctions = 0;

  function patchTrampoline(text: string, name: string, isAsync: boolean): string {
    hostFunctions += 1;
    expectShape(isAsync === suspending.has(name), `${name} is ${isAsync ? '' : 'not '}async`);
    expectShape(count(text, '_trackHostOperation(') === 1, `${name} does not call the host once`);
    if (!isAsync) return text.replace('_trackHostOperation(', '_readyHostOperation(');
    const hanging = count(text, 'return task.completionPromise();');
    // With a result type, getErrorPayload rethrows an unexpected error.
    expectShape(hanging + count(text, 'getErrorPayload(') === 1, `${name} handles errors in an unknown way`);
    return text.replace('return task.completionPromise();', 'throw err;');
  }

  const trampolines = code.replace(TRAMPOLINE, (text, ...groups) => {
    const match = groups.at(-1) as { name: string; async?: string; marked?: string };
    expectShape((match.async !== undefined) === (match.marked !== undefined), `${match.name} is half async`);
    // jco numbers local names that are taken: both drafts of wasi:keyvalue have an `open`.
    return patchTrampoline(text, match.name.replace(/\$\d+/g, ''), match.async !== undefined);
  });
  expectShape(count(code, ".fnName = '") === hostFunctions, 'a host function has an unknown form');

  const decoded = trampolines
    .replaceAll('new TextDecoder()', "new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })")
    .replaceAll("new TextDecoder('utf-16')", "new TextDecoder('utf-16', { fatal: true, ignoreBOM: true })");
  expectShape(
    count(decoded, 'new TextDecoder(') === count(decoded, 'fatal: true, ignoreBOM: true'),
    'text decoders',
  );

  const checked = decoded
    .replace(LIST, '_listBytes($1, $2, $3)')
    .replace(COPY, '_copyUtf8($2, from_ptr, len, $1, to_ptr);');
  expectShape(
    !/memory\d+\.buffer\.slice\(|\.set\(new Uint8Array\(memory/.test(checked),
    'a list or a string',
  );

  expectShape(count(checked, ENTRY) === 1, 'no entry');
  const charged = chargeLifts(checked, expectShape).replace(ENTRY, () => `${PRELUDE}${ENTRY}`);
  return orMismatch(() => reveal(charged), expectShape);
}

function orMismatch(rewrite: () => string, expectShape: (condition: boolean, what: string) => void): string {
  try {
    return rewrite();
  } catch (error) {
    if (error instanceof GlueMismatch) expectShape(false, error.message);
    throw error;
  }
}

/** jco's name of a WIT function, as its `fnName` spells it. */
export function glueName(interfaceName: string, witFunction: string): string {
  const camel = (text: string): string =>
    text.replace(/-([a-z0-9])/gi, (_, letter: string) => letter.toUpperCase());
  const [, kind, resource, name] = /^\[(method|static)\]([^.]+)\.(.+)$/.exec(witFunction) ?? [];
  if (resource === undefined || name === undefined) return `${interfaceName}#${camel(witFunction)}`;
  if (kind === 'method') return `${interfaceName}#${camel(name)}`;
  return `${interfaceName}#${camel(`-${resource}`)}.${camel(name)}`;
}
