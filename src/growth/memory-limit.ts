import { WasmcpError } from '../../host/index.ts';
import { DIRTY_MAP_EXPORT } from '../wasm/dirty-map.ts';
import { concat, encodeNumber, encodeNumberIn, encodeSection } from '../wasm/encode.ts';
import { findSection, readSections, SECTION, type Section } from '../wasm/sections.ts';
import { type MemoryType, readMemoryType } from '../wasm/types.ts';
import { MOST_PAGES, PAGE } from './sizes.ts';

const PAGES_PER_MIB = 16;
const HAS_MAXIMUM = 1;

/** A memory of a module, and where its type is. */
interface DefinedMemory extends MemoryType {
  readonly start: number;
  readonly end: number;
}

/** The memory section, without the dirty maps at its end. */
interface Memories {
  readonly section: Section;
  /** The number of its memories, including dirty maps. */
  readonly count: number;
  readonly defined: readonly DefinedMemory[];
  /** Offset after the last of `defined`. */
  readonly end: number;
}

interface Limits {
  readonly min: number;
  readonly max: number;
}

/**
 * Lowers the declared maximum of each memory that the module defines to `maxPages` (of 64 KiB), which may depend on its initial
 * size: `memory.grow` beyond it returns -1 to the guest. A lower maximum of the module is kept. V8 has no other limit for the
 * memories of a worker.
 *
 * `prepared`: `prepareModules` made the module restorable. Only then are exports under our names ours; otherwise a guest could
 * pass its memories off as dirty maps.
 *
 * `inPlace`: `bytes` may be overwritten, so that nothing is copied if each memory has a maximum, see `declareMaximums`.
 *
 * @throws WasmcpError `component-too-large`: a memory is larger initially; `component-invalid`: not readable, or a kind of
 *   memory that cannot be limited (shared, 64-bit)
 */
export function capMemory(
  bytes: Uint8Array,
  maxPages: number | ((min: number) => number),
  prepared: boolean,
  inPlace = false,
): Uint8Array {
  const memories = readMemories(bytes, prepared);
  if (memories === undefined) return bytes;
  const limits = memories.defined.map((memory) => lower(memory, maxPages));
  if (inPlace && overwriteLimits(bytes, memories.defined, limits)) return bytes;
  return concat(replaceLimits(bytes, memories, limits));
}

/**
 * The same module, in parts, with a maximum for each memory: the largest possible one if it had none.
 *
 * @throws WasmcpError `component-invalid`, see `capMemory`
 */
export function declareMaximums(bytes: Uint8Array, prepared: boolean): readonly Uint8Array[] {
  const memories = readMemories(bytes, prepared);
  if (memories === undefined) return [bytes];
  const limits = memories.defined.map(({ min, max = MOST_PAGES }) => ({ min, max }));
  return replaceLimits(bytes, memories, limits);
}

function readMemories(bytes: Uint8Array, prepared: boolean): Memories | undefined {
  const sections = readSections(bytes);
  const section = findSection(sections, SECTION.memory);
  if (section === undefined) return undefined;
  const dirtyMaps = prepared ? countDirtyMaps(findSection(sections, SECTION.export)) : 0;
  const reader = section.read();
  const count = reader.u32();
  const defined: DefinedMemory[] = [];
  for (let left = count; left > dirtyMaps; left -= 1) {
    const start = reader.position;
    const { min, max } = readMemoryType(reader);
    defined.push({ min, max, start, end: reader.position });
  }
  return { section, count, defined, end: reader.position };
}

function lower({ min, max = MOST_PAGES }: MemoryType, maxPages: number | ((min: number) => number)): Limits {
  const most = typeof maxPages === 'number' ? maxPages : maxPages(min);
  if (min <= most) return { min, max: Math.min(max, most) };
  throw new WasmcpError(
    'component-too-large',
    `a memory has an initial size of ${min / PAGES_PER_MIB} MiB, more than the ${most / PAGES_PER_MIB} MiB that --max-memory and --max-each-memory allow`,
  );
}

function replaceLimits(
  bytes: Uint8Array,
  { section, count, end }: Memories,
  limits: readonly Limits[],
): readonly Uint8Array[] {
  const types = limits.map(({ min, max }) =>
    concat([Uint8Array.of(HAS_MAXIMUM), encodeNumber(min), encodeNumber(max)]),
  );
  const content = concat([encodeNumber(count), ...types, bytes.subarray(end, section.end)]);
  return [
    bytes.subarray(0, section.start),
    encodeSection(SECTION.memory, content),
    bytes.subarray(section.end),
  ];
}

/** Returns false, without a change, if one of the types has no room for a maximum. */
function overwriteLimits(
  bytes: Uint8Array,
  memories: readonly DefinedMemory[],
  limits: readonly Limits[],
): boolean {
  const types = memories.map(({ start, end }, index) => {
    const { min, max } = limits[index]!;
    const before = concat([Uint8Array.of(HAS_MAXIMUM), encodeNumber(min)]);
    const number = encodeNumberIn(max, end - start - before.length);
    return number && concat([before, number]);
  });
  if (types.includes(undefined)) return false;
  for (const [index, { start }] of memories.entries()) bytes.set(types[index]!, start);
  return true;
}

/** Bytes to which each memory of a module from `prepareModules` may grow, in their order, without the dirty maps. */
export function memoryLimits(bytes: Uint8Array): number[] {
  const sections = readSections(bytes);
  const limits: number[] = [];
  const reader = findSection(sections, SECTION.memory)?.read();
  reader?.list(() => limits.push((readMemoryType(reader).max ?? MOST_PAGES) * PAGE));
  return limits.slice(0, limits.length - countDirtyMaps(findSection(sections, SECTION.export)));
}

/** The first byte of the names that we add: `$`. */
export const OWN = 0x24;

/** Dirty maps, which come last and have a fixed size, see `trackDirtyBlocks`. */
export function countDirtyMaps(section: Section | undefined): number {
  const reader = section?.read();
  let count = 0;
  reader?.list(() => {
    if (DIRTY_MAP_EXPORT.test(reader.nameFrom(OWN) ?? '')) count += 1;
    reader.u8();
    reader.u32();
  });
  return count;
}
