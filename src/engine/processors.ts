import type { CallbackFunctionFromSignature } from 'node:ffi';

/** `sched_setaffinity(2)` and `sched_getaffinity(2)`: thread, bytes of the mask, mask. Negative when it could not be done. */
const SIGNATURE = { return: 'i32', arguments: ['i32', 'u64', 'buffer'] } as const;
type Call = CallbackFunctionFromSignature<typeof SIGNATURE>;
type Affinity = Record<'sched_setaffinity' | 'sched_getaffinity', Call>;

/** For 1024 processors, as `cpu_set_t` of the C libraries. */
const MASK_BYTES = 128;

/** Functions of the system, found once, as each look for them takes memory for good; null where there are none. */
let affinity: Affinity | null | undefined;

/**
 * Keeps a thread of this process from the first of the processors that it may run on, and answers what takes that back.
 * Undefined when it may run on no other, and where there is no Linux or no `node:ffi` (Node below 26.9).
 */
export function leaveFirstProcessor(thread: number): (() => void) | undefined {
  affinity ??= load();
  if (affinity === null) return undefined;
  const { sched_setaffinity: set, sched_getaffinity: get } = affinity;
  const all = new Uint8Array(MASK_BYTES);
  if (get(thread, BigInt(MASK_BYTES), all) < 0) return undefined;
  const rest = withoutFirst(all);
  if (rest.every((bits) => bits === 0) || set(thread, BigInt(MASK_BYTES), rest) < 0) return undefined;
  return () => void set(thread, BigInt(MASK_BYTES), all);
}

function withoutFirst(mask: Uint8Array): Uint8Array {
  const rest = mask.slice();
  const first = rest.findIndex((bits) => bits !== 0);
  if (first >= 0) rest[first]! &= rest[first]! - 1;
  return rest;
}

function load(): Affinity | null {
  if (process.platform !== 'linux') return null;
  const { emitWarning } = process;
  // That the module is experimental is no concern of whoever reads what the server prints.
  process.emitWarning = () => {};
  try {
    const { dlopen } = process.getBuiltinModule('node:ffi');
    // Of the C library, whichever Node is linked with.
    return dlopen(null, { sched_setaffinity: SIGNATURE, sched_getaffinity: SIGNATURE }).functions;
  } catch {
    return null;
  } finally {
    process.emitWarning = emitWarning;
  }
}
