import { always, eitherWay, given, type Key, never, number, oneOf, without, yesOrNo } from './key.ts';

const COMPILED = "Node's V8 compiles guests and lays out their memory; leave it out";
const DEBUGGED = 'guests run in Node: debug them with node --inspect; leave it out';
const RECORDED = 'recording is not supported; leave it out';

const size: Key = without(COMPILED, '=N', number);
const tuned: Key = without(COMPILED, '[=y|n]', yesOrNo);
const maybe: Key = without(COMPILED, '[=y|n|auto]', (text) => text === 'auto' || yesOrNo(text));
const debugged: Key = never(DEBUGGED);

function choice(...words: readonly string[]): Key {
  return without(COMPILED, `=${words.join('|')}`, oneOf(...words));
}

/** Keys of `-O`, in the order of wasmtime's help. */
export const OPTIMIZE_KEYS: Readonly<Record<string, Key>> = {
  'opt-level': choice('0', '1', '2', 's'),
  'regalloc-algorithm': choice('backtracking', 'single-pass'),
  'memory-may-move': tuned,
  'memory-reservation': size,
  'memory-reservation-for-growth': size,
  'memory-guard-size': size,
  'gc-heap-may-move': tuned,
  'gc-heap-reservation': size,
  'gc-heap-reservation-for-growth': size,
  'gc-heap-guard-size': size,
  'gc-heap-initial-size': size,
  'guard-before-linear-memory': tuned,
  'table-lazy-init': tuned,
  'pooling-allocator': tuned,
  'pooling-decommit-batch-size': size,
  'pooling-memory-keep-resident': size,
  'pooling-table-keep-resident': size,
  'pooling-memory-protection-keys': maybe,
  'pooling-max-memory-protection-keys': size,
  'memory-init-cow': tuned,
  'memory-guaranteed-dense-image-size': size,
  'pooling-total-core-instances': size,
  'pooling-total-component-instances': size,
  'pooling-total-memories': size,
  'pooling-total-tables': size,
  'pooling-total-stacks': size,
  'pooling-max-memory-size': size,
  'pooling-table-elements': size,
  'pooling-max-core-instance-size': size,
  'pooling-max-unused-warm-slots': size,
  'pooling-async-stack-keep-resident': size,
  'pooling-max-component-instance-size': size,
  'pooling-max-core-instances-per-component': size,
  'pooling-max-memories-per-component': size,
  'pooling-max-tables-per-component': size,
  'pooling-max-tables-per-module': size,
  'pooling-max-memories-per-module': size,
  'pooling-total-gc-heaps': size,
  'signals-based-traps': tuned,
  'dynamic-memory-guard-size': size,
  'static-memory-guard-size': size,
  'static-memory-forced': tuned,
  'static-memory-maximum-size': size,
  'dynamic-memory-reserved-for-growth': size,
  'pooling-pagemap-scan': maybe,
  'gc-zeal-alloc-counter': size,
};

/** Keys of `-C`; `cranelift-` begins the names of many. */
export const CODEGEN_KEYS: Readonly<Record<string, Key>> = {
  compiler: choice('winch', 'cranelift'),
  collector: choice('drc', 'null', 'copying'),
  'cranelift-debug-verifier': tuned,
  cache: always('transpiled components are always cached; --cache-dir sets the directory'),
  'cache-config': without('transpiled components are cached in the directory of --cache-dir', '=val', given),
  'parallel-compilation': tuned,
  'native-unwind-info': tuned,
  inlining: without(COMPILED, '[=y|n|gc|inter-module|intrinsics]', (text) => {
    if (!['gc', 'inter-module', 'intrinsics'].includes(text ?? '')) yesOrNo(text);
  }),
  'metadata-for-internal-asserts': tuned,
  'metadata-for-gc-heap-corruption': tuned,
  'cranelift-': without(COMPILED, '<KEY>[=val]', () => {}),
};

/** Keys of `-D`. */
export const DEBUG_KEYS: Readonly<Record<string, Key>> = {
  'debug-info': debugged,
  'guest-debug': debugged,
  'address-map': eitherWay('stack traces show the function names that the component has'),
  logging: eitherWay('the host logs errors; `--verbose` reports how the component was loaded'),
  'log-to-files': never('the log goes to stderr; redirect it to a file'),
  coredump: without('core dumps are not supported; leave it out', '=val', given),
  debugger: without(DEBUGGED, '=path', given),
  arg: without(DEBUGGED, '=val', given),
  'inherit-stdin': debugged,
  'inherit-stdout': debugged,
  'inherit-stderr': debugged,
  'max-backtrace': without(DEBUGGED, '=N', number),
  symbols: eitherWay('it concerns `*.cwasm` files, which are not supported'),
};

/** Keys of `-R`. */
export const RECORD_KEYS: Readonly<Record<string, Key>> = {
  path: without(RECORDED, '=val', given),
  'validation-metadata': never(RECORDED),
  'event-window-size': without(RECORDED, '=N', number),
};
