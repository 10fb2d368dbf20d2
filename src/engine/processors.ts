import type { CallbackFunctionFromSignature } from 'node:ffi';

/** `sched_setaffinity(2)` and `sched_getaffinity(2)`: thread, bytes of the mask, mask. Negative on failure. */
const SIGNATURE = { return: 'i32', arguments: ['i32', 'u64', 'buffer'] } as const;
type Call = CallbackFunctionFromSignature<typeof SIGNATURE>;
type Affinity = Record<'sched_setaffinity' | 'sched_getaffinity', Call>;

/** For 1024 processors, like `cpu_set_t` of the C libraries. */
const MASK_BYTES = 128;

/** Functions of the system, looked up once, as each lookup leaks memory; null if not available. */
let affinity: Affinity | null | undefined;

/**
 * Keeps a thread of this process off the first of the processors that it may run on, and returns a function that undoes it.
 * Undefined if there is no other processor, and without Linux or `node:ffi` (Node below 26.9).
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
  // Suppresses Node's warning that the module is experimental: users of the server cannot act on it.
  process.emitWarning = () => {};
  try {
    const { dlopen } = process.getBuiltinModule('node:ffi');
    // From the C library that Node is linked with.
    return dlopen(null, { sched_setaffinity: SIGNATURE, sched_getaffinity: SIGNATURE }).functions;
  } catch {
    return null;
  } finally {
    process.emitWarning = emitWarning;
  }
}
