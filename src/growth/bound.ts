import { WasmcpError } from '../../host/index.ts';
import { concat, encodeNumber, encodeSection } from '../wasm/encode.ts';
import type { NamedModule } from '../wasm/named-module.ts';
import { findSection, readSections, SECTION, type Section } from '../wasm/sections.ts';
import { readDefinedTables, readTableLimits, readTableType, type TableType } from '../wasm/tables.ts';
import { type MemoryType, readMemoryType, readValueType } from '../wasm/types.ts';
import { COUNTED } from './counted-exports.ts';
import { capMemory, countDirtyMaps, OWN } from './memory-limit.ts';
import { MAX_TABLE_ELEMENTS, PAGE, TABLE_ELEMENT } from './sizes.ts';

const HAS_MAXIMUM = 1;

/** What one instance of a core module takes for the memories and tables that it defines. */
export interface ModuleSize {
  /** Bytes, those of tables included. */
  readonly bytes: number;
  /** Elements of tables. */
  readonly elements: number;
}

/** How much the memories and tables of one instance of a component may take, for all core modules together. */
export interface MemoryBounds {
  /** Bytes. */
  readonly limit: number;
  /** What each module takes initially, by its name; if the limit is divided, the most that it may take. */
  readonly sizes: Readonly<Record<string, ModuleSize>>;
  /** Why the limit is divided among memories and tables, rather than counted as they grow; absent when it is not. */
  readonly divided?: string;
}

export interface BoundOptions {
  /** Bytes for all memories and tables. */
  readonly limit: number;
  /** Bytes for each memory. */
  readonly each: number;
  /** `prepareModules` made them restorable. */
  readonly prepared: boolean;
  /** Why the growth of a module is not counted. */
  readonly uncounted: string | undefined;
  /** The names of modules whose last table was added by `meterModule`. */
  readonly meters: Readonly<Record<string, object>>;
  /** The bytes of the modules may be overwritten. */
  readonly inPlace?: boolean;
}

interface Declared {
  readonly memories: readonly MemoryType[];
  readonly tables: readonly TableType[];
}

/**
 * Limits the memories of each module of a component, and computes what they take initially.
 *
 * @throws WasmcpError `component-too-large`: they begin with more than they may have; `component-invalid`: see `capMemory`
 */
export function boundModules(
  modules: readonly NamedModule[],
  { limit, each, prepared, uncounted, meters, inPlace = false }: BoundOptions,
): { readonly modules: readonly NamedModule[]; readonly bounds: MemoryBounds } {
  const pages = Math.floor(Math.min(limit, each) / PAGE);
  const capped = modules.map(
    ([name, bytes]): NamedModule => [name, capMemory(bytes, pages, prepared, inPlace)],
  );
  const declare = ([name, bytes]: NamedModule): readonly [string, Declared] => [
    name,
    declaredBy(bytes, {
      dirtyMaps: prepared,
      growth: uncounted === undefined,
      metering: meters[name] !== undefined,
    }),
  ];
  const declared = capped.map(declare);
  const sizes = Object.fromEntries(declared.map(([name, module]) => [name, initialSize(module)]));
  assertFits(Object.values(sizes), limit);
  if (uncounted === undefined) return { modules: capped, bounds: { limit, sizes } };
  const parts = divide(declared, Object.values(sizes), limit);
  const divided = capped.map(([name, bytes]): NamedModule => [name, capEach(bytes, prepared, parts)]);
  const most = divided.map(declare).map(([name, module]) => [name, largestSize(module)] as const);
  return { modules: divided, bounds: { limit, sizes: Object.fromEntries(most), divided: uncounted } };
}

/** What the module itself defines. With `ours`, memories and tables under our names were added by us. */
function declaredBy(
  bytes: Uint8Array,
  ours: { readonly dirtyMaps: boolean; readonly growth: boolean; readonly metering: boolean },
): Declared {
  const sections = readSections(bytes);
  const memories: MemoryType[] = [];
  const reader = findSection(sections, SECTION.memory)?.read();
  reader?.list(() => memories.push(readMemoryType(reader)));
  const exports = findSection(sections, SECTION.export);
  const tables: TableType[] = [];
  readDefinedTables(sections, (table) => tables.push(readTableType(table)));
  return {
    memories: memories.slice(0, memories.length - (ours.dirtyMaps ? countDirtyMaps(exports) : 0)),
    tables: tables.slice(
      0,
      tables.length - Number(ours.metering) - Number(ours.growth && isCounted(exports)),
    ),
  };
}

/** Whether it has the table of `countGrowth`. */
function isCounted(exports: Section | undefined): boolean {
  const reader = exports?.read();
  let found = false;
  reader?.list(() => {
    if (reader.nameFrom(OWN) === COUNTED.table) found = true;
    reader.u8();
    reader.u32();
  });
  return found;
}

function sizeOf(pages: number, elements: number): ModuleSize {
  return { bytes: pages * PAGE + elements * TABLE_ELEMENT, elements };
}

function initialSize({ memories, tables }: Declared): ModuleSize {
  return sizeOf(sum(memories.map(({ min }) => min)), sum(tables.map(({ min }) => min)));
}

function largestSize({ memories, tables }: Declared): ModuleSize {
  return sizeOf(sum(memories.map(({ max }) => max!)), sum(tables.map(({ max }) => max!)));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function assertFits(sizes: readonly ModuleSize[], limit: number): void {
  const bytes = sum(sizes.map((size) => size.bytes));
  const elements = sum(sizes.map((size) => size.elements));
  const problem = describeExcess({ bytes, elements }, limit);
  if (problem !== undefined) throw new WasmcpError('component-too-large', problem);
}

/** Which of these is above its limit, human-readable; undefined if none is. */
export function describeExcess({ bytes, elements }: ModuleSize, limit: number): string | undefined {
  const mib = (amount: number): string => `${Math.ceil((10 * amount) / 1024 ** 2) / 10} MiB`;
  if (elements > MAX_TABLE_ELEMENTS) {
    return `its tables have ${elements} elements initially, more than the ${MAX_TABLE_ELEMENTS} that are allowed`;
  }
  if (bytes <= limit) return undefined;
  return `its memories and tables take ${mib(bytes)} initially, more than the ${mib(limit)} that --max-memory allows`;
}

/** By how much each may grow at most. */
interface Parts {
  readonly pages: number;
  readonly elements: number;
}

function divide(
  declared: readonly (readonly [string, Declared])[],
  sizes: readonly ModuleSize[],
  limit: number,
): Parts {
  const tables = sum(declared.map(([, module]) => module.tables.length));
  const memories = sum(declared.map(([, module]) => module.memories.length));
  const taken = sum(sizes.map(({ elements }) => elements));
  const left = limit - sum(sizes.map(({ bytes }) => bytes));
  const elements = Math.floor(
    Math.min(MAX_TABLE_ELEMENTS - taken, left / 2 / TABLE_ELEMENT) / Math.max(tables, 1),
  );
  const forTables = elements * tables * TABLE_ELEMENT;
  return { elements, pages: Math.floor((left - forTables) / PAGE / Math.max(memories, 1)) };
}

/** Lowers the maximum of each memory and table to its initial size plus its share. */
function capEach(bytes: Uint8Array, prepared: boolean, parts: Parts): Uint8Array {
  const memories = capMemory(bytes, (min) => min + parts.pages, prepared);
  const sections = readSections(memories);
  const section = findSection(sections, SECTION.table);
  if (section === undefined) return memories;
  const tables: Uint8Array[] = [];
  let at = section.read().position;
  const copy = (to: number): void => void tables.push(memories.subarray(at, to));
  readDefinedTables(sections, (reader) => {
    readValueType(reader);
    copy(reader.position);
    const flags = reader.peek();
    const { min, max = Number.POSITIVE_INFINITY } = readTableLimits(reader);
    tables.push(Uint8Array.of(flags | HAS_MAXIMUM), encodeNumber(min));
    tables.push(encodeNumber(Math.min(max, min + parts.elements)));
    at = reader.position;
  });
  copy(section.end);
  return concat([
    memories.subarray(0, section.start),
    encodeSection(SECTION.table, concat(tables)),
    memories.subarray(section.end),
  ]);
}
