import { getHeapStatistics } from 'node:v8';
import { WasmcpError } from '../../host/index.ts';
import { createCollect } from '../process/memory/collect.ts';
import { concat, encodeModule, encodeName } from '../wasm/encode.ts';
import { SECTION } from '../wasm/sections.ts';
import { describeExcess, type MemoryBounds, type ModuleSize } from './bound.ts';
import { COUNTED } from './counted-exports.ts';
import { MAX_TABLE_ELEMENTS, TABLE_ELEMENT } from './sizes.ts';

/** Counts what the memories and tables of one instance of a component take. */
export interface MemoryAccount {
  /** Bytes. */
  readonly used: number;
  /**
   * Charges a core instance that is about to be made.
   *
   * @throws WasmcpError `component-too-large`
   */
  take(size: ModuleSize): void;
  /** Lets a new core instance grow. Called before any of its functions runs. */
  connect(instance: WebAssembly.Instance): void;
}

/**
 * Bytes of V8's heap that must stay free when a table is created or grows, or a large array is created. V8 ends the process if
 * there is no room for them, or for the copy of a growing table.
 */
const HEAP_RESERVE: number = 128 * 1024 ** 2;

/** The functions that a rewritten module calls before it grows, in the order of its table. */
const SLOTS = ['grow', 'shrink', 'allocate'] as const;

/** Elements of a table up to which the heap is not checked. */
const FEW_ELEMENTS = 10_000;

const collectGarbage = createCollect();

/** Another limit on growth, such as the budget of the process. */
export interface GrowthParent {
  /** Returns false if there is no room for this many more bytes. */
  tryCharge(bytes: number): boolean;
  release(bytes: number): void;
}

export function openAccount({ limit, divided }: MemoryBounds, parent?: GrowthParent): MemoryAccount {
  let bytes = 0;
  let elements = 0;
  let slots: readonly (() => unknown)[] | undefined;

  function hasRoom(more: ModuleSize): boolean {
    if (bytes + more.bytes > limit || elements + more.elements > MAX_TABLE_ELEMENTS) return false;
    return more.elements <= FEW_ELEMENTS || heapHasRoom(more.bytes);
  }

  function add(size: ModuleSize): void {
    bytes += size.bytes;
    elements += size.elements;
  }

  /** A number of units from WebAssembly: 32 bits, signed in JavaScript. */
  function sizeOf(unit: number, units: number): ModuleSize {
    const count = units >>> 0;
    return { bytes: unit * count, elements: unit === TABLE_ELEMENT ? count : 0 };
  }

  function grow(unit: number, units: number): 0 | 1 {
    // Its maximum was charged when it was created.
    if (divided !== undefined) return 1;
    const more = sizeOf(unit, units);
    if (!hasRoom(more) || parent?.tryCharge(more.bytes) === false) return 0;
    add(more);
    return 1;
  }

  function shrink(unit: number, units: number): 0 {
    if (divided !== undefined) return 0;
    const less = sizeOf(unit, units);
    parent?.release(less.bytes);
    add({ bytes: -less.bytes, elements: -less.elements });
    return 0;
  }

  return {
    get used() {
      return bytes;
    },
    take(size) {
      if (!hasRoom(size)) {
        const sum = { bytes: bytes + size.bytes, elements: elements + size.elements };
        const problem = describeExcess(sum, limit) ?? "there is too little of V8's heap left for its tables";
        throw new WasmcpError('component-too-large', problem);
      }
      add(size);
    },
    connect({ exports }) {
      const table = exports[COUNTED.table];
      if (!(table instanceof WebAssembly.Table)) return;
      slots ??= wasmFunctions({ grow, shrink, allocate });
      for (const [slot, func] of slots.entries()) table.set(slot, func);
      (exports[COUNTED.start] as (() => void) | undefined)?.();
    },
  };
}

/** For an array of this many elements. */
function allocate(unit: number, units: number): 0 | 1 {
  return heapHasRoom(unit * (units >>> 0)) ? 1 : 0;
}

function heapHasRoom(bytes: number): boolean {
  if (heapRoom() > bytes + HEAP_RESERVE) return true;
  // What is used may be garbage.
  collectGarbage();
  return heapRoom() > bytes + HEAP_RESERVE;
}

function heapRoom(): number {
  const { heap_size_limit, used_heap_size } = getHeapStatistics();
  return heap_size_limit - used_heap_size;
}

/**
 * The same as functions that fit into a table. In text:
 *
 *     (import "host" "grow" (func $grow (param i32 i32) (result i32)))
 *     (export "grow" (func $grow))
 *
 * and so on.
 */
function wasmFunctions(
  host: Record<(typeof SLOTS)[number], (unit: number, units: number) => number>,
): (() => unknown)[] {
  const compiled = new WebAssembly.Module(functionsModule() as BufferSource);
  const { exports } = new WebAssembly.Instance(compiled, { host });
  return SLOTS.map((name) => exports[name] as () => unknown);
}

function functionsModule(): Uint8Array {
  const names = SLOTS.map(encodeName);
  return encodeModule([
    [SECTION.type, [Uint8Array.of(0x60, 2, 0x7f, 0x7f, 1, 0x7f)]],
    [SECTION.import, names.map((name) => concat([encodeName('host'), name, Uint8Array.of(0, 0)]))],
    [SECTION.export, names.map((name, index) => concat([name, Uint8Array.of(0, index)]))],
  ]);
}
