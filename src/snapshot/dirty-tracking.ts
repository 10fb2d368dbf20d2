import { WasmcpError } from '../../host/index.ts';
import { DIRTY_MAP_MODULE, MAP_PAGES } from '../wasm/dirty-map.ts';
import { concat, encodeName, encodeNumber, encodeSection } from '../wasm/encode.ts';
import { findSection, readSections, SECTION, type Section } from '../wasm/sections.ts';
import { readTypeSection } from '../wasm/type-section.ts';
import { readMemoryType } from '../wasm/types.ts';
import { countImports } from './analyse.ts';
import { addWriteBarriers } from './write-barriers.ts';

/** V8 reserves 10 GiB of addresses for each memory, and dirty maps double their number. */
const MAX_TRACKED = 16;

/**
 * Makes a core module record what it writes, so that a restore does not have to read the rest. Each memory gets a dirty map,
 * with a byte for each block of 4 KiB, which is set before anything in the block is written (see `addWriteBarriers`).
 *
 * The module defines and exports the maps of its own memories as `$d0`, `$d1`, …, and imports those of imported memories.
 * Returns undefined for unusual modules that cannot be tracked.
 */
export function trackDirtyBlocks(bytes: Uint8Array): Uint8Array | undefined {
  try {
    return track(bytes, readSections(bytes));
  } catch (error) {
    if (error instanceof WasmcpError) return undefined;
    throw error;
  }
}

function track(bytes: Uint8Array, sections: readonly Section[]): Uint8Array | undefined {
  const { memories: imported, reserved } = countImports(sections);
  const defined = countMemories(sections);
  const total = imported + defined;
  if (total === 0) return bytes;
  if (total > MAX_TRACKED || (imported > 0 && defined > 0) || reserved) return undefined;
  const replaced = addDirtyMaps(bytes, sections, { total, own: defined > 0 });
  const code = findSection(sections, SECTION.code);
  if (code !== undefined) {
    const typeSection = findSection(sections, SECTION.type);
    const types = typeSection === undefined ? [] : readTypeSection(typeSection.read()).parameters;
    const functions = functionTypes(sections);
    const marked = addWriteBarriers(bytes, code, total, (index) => types[functions[index]!] ?? 0);
    if (marked === undefined) return undefined;
    replaced.set(SECTION.code, marked);
  }
  return assemble(bytes, sections, replaced);
}

/** The sections that declare the maps, by id: memories and exports if the memories are the module's own, otherwise imports. */
function addDirtyMaps(
  bytes: Uint8Array,
  sections: readonly Section[],
  { total, own }: { readonly total: number; readonly own: boolean },
): Map<number, Uint8Array> {
  const maps = Array.from({ length: total }, (_, index) => index);
  const extended = (id: number, entry: (index: number) => Uint8Array): [number, Uint8Array] => {
    const section = findSection(sections, id);
    const reader = section?.read();
    const count = reader?.u32() ?? 0;
    const present = reader ? bytes.subarray(reader.position, section!.end) : new Uint8Array(0);
    return [id, encodeSection(id, concat([encodeNumber(count + total), present, ...maps.map(entry)]))];
  };
  if (!own) {
    return new Map([
      extended(SECTION.import, (index) =>
        concat([encodeName(DIRTY_MAP_MODULE), encodeName(String(index)), Uint8Array.of(2, 0, MAP_PAGES)]),
      ),
    ]);
  }
  return new Map([
    extended(SECTION.memory, () => Uint8Array.of(1, MAP_PAGES, MAP_PAGES)),
    extended(SECTION.export, (index) =>
      concat([encodeName(`$d${index}`), Uint8Array.of(2), encodeNumber(total + index)]),
    ),
  ]);
}

/** The sections in their order; a new export section goes where the format wants it. */
function assemble(
  bytes: Uint8Array,
  sections: readonly Section[],
  replaced: Map<number, Uint8Array>,
): Uint8Array {
  const parts: Uint8Array[] = [bytes.subarray(0, 8)];
  const isAfterExports = ({ id }: Section): boolean => id >= SECTION.start && id <= SECTION.dataCount;
  for (const section of sections) {
    const exports = replaced.get(SECTION.export);
    if (
      exports !== undefined &&
      isAfterExports(section) &&
      !sections.some(({ id }) => id === SECTION.export)
    ) {
      parts.push(exports);
      replaced.delete(SECTION.export);
    }
    parts.push(replaced.get(section.id) ?? bytes.subarray(section.start, section.end));
    if (section.id !== SECTION.custom) replaced.delete(section.id);
  }
  return concat([...parts, ...replaced.values()]);
}

function countMemories(sections: readonly Section[]): number {
  let count = 0;
  const section = findSection(sections, SECTION.memory)?.read();
  section?.list(() => {
    readMemoryType(section);
    count += 1;
  });
  return count;
}

function functionTypes(sections: readonly Section[]): number[] {
  const types: number[] = [];
  const section = findSection(sections, SECTION.function)?.read();
  section?.list(() => types.push(section.u32()));
  return types;
}
