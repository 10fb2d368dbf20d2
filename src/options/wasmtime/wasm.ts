import { RANGES } from '../ranges.ts';
import { always, duration, eitherWay, flag, type Key, never, number, value, without } from './key.ts';
import { ONLY_0_2 } from './wasi.ts';

const GIB = 1024 ** 3;
const PAGE = 65_536;

const V8 = "Node's V8 compiles and runs guests, and has no such setting; leave it out";
const PROPOSAL_OFF = 'V8 features cannot be turned off for one component; leave it out';
const PROPOSAL_MISSING =
  'not supported by V8, or not for components; a component that needs it does not start';
const UNSATISFIED = 'a component with an unsatisfied import does not start; see wasmcp-node inspect';
const NO_LIMIT =
  'there is no such limit; --max-memory limits all memories and tables of a component together';

const proposal: Key = always(PROPOSAL_OFF);
const missing: Key = never(PROPOSAL_MISSING);
const limit: Key = without(NO_LIMIT, '=N', number);

/** Keys of `-W`, in the order of wasmtime's help. */
export const WASM_KEYS: Readonly<Record<string, Key>> = {
  'nan-canonicalization': never(V8),
  fuel: value('=N', '`--fuel`, in units that are at most those of wasmtime', number, (fuel) => ({
    fuel: Math.min(fuel, RANGES.fuel[1]),
  })),
  'epoch-interruption': eitherWay('guests can always be interrupted; see `--timeout`'),
  'max-wasm-stack': without(V8, '=N', number),
  'async-stack-size': without(V8, '=N', number),
  'async-stack-zeroing': never(V8),
  'unknown-exports-allow': eitherWay('unknown exports are always allowed'),
  'unknown-imports-trap': never(UNSATISFIED),
  'unknown-imports-default': never(UNSATISFIED),
  wmemcheck: never(V8),
  'max-memory-size': value('=N', '`--max-each-memory`', number, (size) => ({
    maxEachMemory: Math.min(Math.max(size, PAGE), 4 * GIB),
  })),
  'max-table-elements': limit,
  'max-instances': limit,
  'max-tables': limit,
  'max-memories': limit,
  'trap-on-grow-failure': never(V8),
  timeout: value('=N|Ns|Nms|..', '`--timeout`', duration, (timeout) => ({ timeout })),
  'all-proposals': proposal,
  'bulk-memory': proposal,
  'multi-memory': proposal,
  'multi-value': proposal,
  'reference-types': proposal,
  simd: proposal,
  'relaxed-simd': proposal,
  'relaxed-simd-deterministic': never(V8),
  'tail-call': proposal,
  threads: proposal,
  'shared-memory': proposal,
  'shared-everything-threads': missing,
  memory64: proposal,
  'component-model': proposal,
  'component-model-async': never(ONLY_0_2),
  'component-model-more-async-builtins': missing,
  'component-model-async-stackful': missing,
  'component-model-threading': missing,
  'component-model-error-context': missing,
  'component-model-gc': missing,
  'component-model-map': missing,
  'component-model-memory64': missing,
  'function-references': proposal,
  'stack-switching': missing,
  gc: flag('`--allow-wasm-gc`', (on) => ({ allowWasmGc: on })),
  'custom-page-sizes': missing,
  'wide-arithmetic': missing,
  'branch-hinting': proposal,
  'extended-const': proposal,
  exceptions: proposal,
  'gc-support': proposal,
  'component-model-fixed-length-lists': missing,
  'component-model-implements': missing,
  'concurrency-support': proposal,
};
