import type { HostFunction } from './read.ts';

/**
 * How a host function suspends its guest.
 *
 * - `none`: a promise is refused.
 * - `retry`: when the host returns a promise, it returns 1; when that has settled it is called again with the same
 *   parameters and takes the outcome. The guest is suspended only if there is something to wait for.
 * - `async`: it is async, and suspends the guest for each call. For functions that cannot be called twice or whose
 *   signature in wasm is not certain.
 */
export type SuspendMode = 'none' | 'retry' | 'async';

/** The better of `retry` and `async` for one that may wait. */
export function suspendModeOf(hostFunction: HostFunction): SuspendMode {
  const returns = /(?<![\w$.'])return [^;]/.test(hostFunction.code);
  const gives = hostFunction.code.includes('rscTableRemove(');
  return returns || gives || coreParams(hostFunction) === undefined ? 'async' : 'retry';
}

const CORE_TYPES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(['Bool', 'Char', 'U8', 'U16', 'U32', 'S8', 'S16', 'S32'].map((type) => [type, 'i'])),
  Borrow: 'i',
  Own: 'i',
  U64: 'I',
  S64: 'I',
  StringUTF8: 'ii',
  StringAny: 'ii',
  List: 'ii',
};

/** Core types of the parameters, `i` for `i32` and `I` for `i64`; undefined unless they are of a kind where that is certain. */
export function coreParams({ lifts, hasResultPointer, params }: HostFunction): string | undefined {
  const types = elements(lifts).map(
    (lift) => CORE_TYPES[/^_liftFlat(\w+)(?:\.bind)?$/.exec(lift)?.[1] ?? ''],
  );
  if (types.includes(undefined)) return undefined;
  const core = types.join('') + (hasResultPointer ? 'i' : '');
  return core.length === params.length ? core : undefined;
}

/** `_liftFlatU64`, `_liftFlatBorrow.bind` of `_liftFlatBorrow.bind(…)`, `_liftFlatList` of `_liftFlatList(…)`. */
function elements(array: string): string[] {
  let list = array.slice(1, -1);
  for (let outer = ''; outer !== list; ) {
    outer = list;
    list = list.replace(/\([^()[\]{}]*\)|\[[^()[\]{}]*\]|\{[^()[\]{}]*\}/g, '');
  }
  return list
    .split(',')
    .map((element) => element.trim())
    .filter(Boolean);
}
