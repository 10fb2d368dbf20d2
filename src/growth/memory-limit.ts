import { WasmcpError } from '../../host/index.ts';
import { DIRTY_MAP_EXPORT } from '../wasm/dirty-map.ts';
import { concat, encodeNumber, encodeSection } from '../wasm/encode.ts';
import { findSection, readSections, SECTION, type Section } from '../wasm/sections.ts';
import { readMemoryType } from '../wasm/types.ts';
import { MOST_PAGES, PAGE } from './sizes.ts';

const PAGES_PER_MIB = 16;
const HAS_MAXIMUM = 1;

/**
 * Lowers the declared maximum of each memory that the module defines to `maxPages` (of 64 KiB), which may depend on its initial
 * size: `memory.grow` beyond it returns -1 to the guest. A lower maximum of the module is kept. V8 has no other limit for the
 * memories of a worker.
 *
 * `prepared`: `prepareModules` made the module restorable. Only then are exports under our names ours; otherwise a guest could
 * pass its memories off as dirty maps.
 *
 * @throws WasmcpError `component-too-large`: a memory is larger initially; `component-invalid`: not readable, or a kind of
 *   memory that cannot be limited (shared, 64-bit)
 */
export function capMemory(
  bytes: Uint8Array,
  maxPages: number | ((min: number) => number),
  prepared: boolean,
): Uint8Array {
  const sections = readSections(bytes);
  const section = findSection(sections, SECTION.memory);
  if (section === undefined) return bytes;
  const dirtyMaps = prepared ? countDirtyMaps(findSection(sections, SECTION.export)) : 0;
  const reader = section.read();
  const memories: Uint8Array[] = [];
  let left = reader.u32();
  const count = left;
  for (; left > dirtyMaps; left -= 1) {
    const { min, max = MOST_PAGES } = readMemoryType(reader);
    const most = typeof maxPages === 'number' ? maxPages : maxPages(min);
    if (min > most) {
      throw new WasmcpError(
        'component-too-large',
        `a memory has an initial size of ${min / PAGES_PER_MIB} MiB, more than the ${most / PAGES_PER_MIB} MiB that are allowed`,
      );
    }
    memories.push(concat([Uint8Array.of(HAS_MAXIMUM), encodeNumber(min), encodeNumber(Math.min(max, most))]));
  }
  const content = concat([encodeNumber(count), ...memories, bytes.subarray(reader.position, section.end)]);
  return concat([
    bytes.subarray(0, section.start),
    encodeSection(SECTION.memory, content),
    bytes.subarray(section.end),
  ]);
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
