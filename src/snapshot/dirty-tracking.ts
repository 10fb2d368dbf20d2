import { WasmcpError } from '../../host/index.ts';
import { concat, encodeName, encodeNumber, encodeSection } from '../wasm/encode.ts';
import { findSection, readSections, SECTION, type Section } from '../wasm/sections.ts';
import { readTableType } from '../wasm/tables.ts';
import { readTypeSection } from '../wasm/type-section.ts';
import { readGlobalType, readMemoryType } from '../wasm/types.ts';
import { CARDS_MODULE } from './analyse.ts';
import { markWrites } from './write-barriers.ts';

/** Pages of 64 KiB: cards for 4 GiB, and room to mark one block too many. */
const CARD_PAGES = 17;

/** V8 reserves 10 GiB of addresses for each memory, and cards double their number. */
const MOST_TRACKED = 16;

/**
 * Makes a core module tell what it writes, so that nobody has to read what it has not. Beside each memory lies another one, its
 * cards: a byte for each block of 4 KiB, which is set before anything is written (`markWrites` says which).
 *
 * The module's own memories get cards, exported as `$c0`, `$c1`, …; those of imported memories have to be given to it. Undefined
 * when that cannot be done, as the module is of an unusual kind.
 */
export function trackWrites(bytes: Uint8Array): Uint8Array | undefined {
  try {
    return track(bytes, readSections(bytes));
  } catch (error) {
    if (error instanceof WasmcpError) return undefined;
    throw error;
  }
}

function track(bytes: Uint8Array, sections: readonly Section[]): Uint8Array | undefined {
  const imports = readImports(sections);
  const memories = { imported: imports.memories, defined: countMemories(sections) };
  const total = memories.imported + memories.defined;
  if (total === 0) return bytes;
  if (total > MOST_TRACKED) return undefined;
  if ((memories.imported > 0 && memories.defined > 0) || imports.reserved) return undefined;
  const typeSection = findSection(sections, SECTION.type);
  const types = typeSection === undefined ? [] : readTypeSection(typeSection.read()).parameters;

  const replaced = new Map<number, Uint8Array>();
  const cards = Array.from({ length: total }, (_, i) => i);
  const extend = (id: number, entries: readonly Uint8Array[]): void => {
    const section = findSection(sections, id);
    const reader = section?.read();
    const count = reader?.u32() ?? 0;
    const present = reader ? bytes.subarray(reader.position, section!.end) : new Uint8Array(0);
    replaced.set(id, encodeSection(id, concat([encodeNumber(count + entries.length), present, ...entries])));
  };
  if (memories.defined > 0) {
    extend(
      SECTION.memory,
      cards.map(() => Uint8Array.of(1, CARD_PAGES, CARD_PAGES)),
    );
    extend(
      SECTION.export,
      cards.map((i) => concat([encodeName(`$c${i}`), Uint8Array.of(2), encodeNumber(total + i)])),
    );
  } else {
    extend(
      SECTION.import,
      cards.map((i) =>
        concat([encodeName(CARDS_MODULE), encodeName(String(i)), Uint8Array.of(2, 0, CARD_PAGES)]),
      ),
    );
  }
  const code = findSection(sections, SECTION.code);
  if (code !== undefined) {
    const functions = functionTypes(sections);
    const marked = markWrites(bytes, code, total, (index) => types[functions[index]!] ?? 0);
    if (marked === undefined) return undefined;
    replaced.set(SECTION.code, marked);
  }
  return assemble(bytes, sections, replaced);
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

function readImports(sections: readonly Section[]): { memories: number; reserved: boolean } {
  let memories = 0;
  let reserved = false;
  const section = findSection(sections, SECTION.import)?.read();
  section?.list(() => {
    if (section.name() === CARDS_MODULE) reserved = true;
    section.name();
    const kind = section.u8();
    if (kind === 0) section.u32();
    else if (kind === 1) readTableType(section);
    else if (kind === 2) {
      readMemoryType(section);
      memories += 1;
    } else if (kind === 3) readGlobalType(section);
    else {
      section.u8();
      section.u32();
    }
  });
  return { memories, reserved };
}

function functionTypes(sections: readonly Section[]): number[] {
  const types: number[] = [];
  const section = findSection(sections, SECTION.function)?.read();
  section?.list(() => types.push(section.u32()));
  return types;
}
