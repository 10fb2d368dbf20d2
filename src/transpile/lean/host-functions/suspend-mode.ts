import type { HostFunction } from './read.ts';

/**
 * How a host function suspends its guest.
 *
 * - `none`: a promise is refused.
 * - `retry`: if the host returns a promise, the function returns 1; once that has settled, it is called again with the same
 *   parameters and takes the outcome. The guest is suspended only if there is something to wait for.
 * - `async`: the function is async and suspends the guest at each call. For functions that cannot be called twice, or whose
 *   signature in wasm is uncertain.
 */
export type SuspendMode = 'none' | 'retry' | 'async';

/** `retry` if possible, otherwise `async`, for a function that may wait. */
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

/** Core types of the parameters, `i` for `i32` and `I` for `i64`; undefined if they are uncertain. */
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
