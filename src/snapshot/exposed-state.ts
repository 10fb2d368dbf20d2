import { concat, encodeName, encodeNumber, encodeSection } from '../wasm/encode.ts';
import { findSection, readSections, SECTION } from '../wasm/sections.ts';
import { type ModuleAnalysis, RESERVED_NAME } from './analyse.ts';

/** The accessible state of core instances: every memory and every mutable global that they define. */
export interface CoreState {
  readonly memories: readonly WebAssembly.Memory[];
  readonly globals: readonly WebAssembly.Global[];
  /** The dirty map of each memory, see `trackDirtyBlocks`; undefined if it has none. */
  readonly dirtyMaps: readonly (WebAssembly.Memory | undefined)[];
}

const KIND = { memory: 2, global: 3 } as const;

/** Sections that follow the exports in the file: new exports go before the first of them. */
const AFTER_EXPORTS: ReadonlySet<number> = new Set([
  SECTION.start,
  SECTION.element,
  SECTION.dataCount,
  SECTION.code,
  SECTION.data,
]);

/**
 * Adds exports for the module's own memories (`$m0`, `$m1`, …) and mutable globals (`$g0`, …), for `findState`. Everything else
 * is unchanged. The analysis must be of the same bytes and without problems.
 */
export function exposeState(bytes: Uint8Array, analysis: ModuleAnalysis): Uint8Array {
  if (analysis.problems.length > 0)
    throw new TypeError(`the state is not restorable: ${analysis.problems[0]}`);
  const added = [
    ...analysis.memories.map((_, i) => encodeExport(`$m${i}`, KIND.memory, analysis.importedMemories + i)),
    ...analysis.mutableGlobals.map((index, i) => encodeExport(`$g${i}`, KIND.global, index)),
  ];
  if (added.length === 0) return bytes;

  const sections = readSections(bytes);
  const present = findSection(sections, SECTION.export);
  if (present === undefined) {
    const place = sections.find(({ id }) => AFTER_EXPORTS.has(id))?.start ?? bytes.length;
    const section = encodeSection(SECTION.export, concat([encodeNumber(added.length), ...added]));
    return concat([bytes.subarray(0, place), section, bytes.subarray(place)]);
  }
  const reader = present.read();
  const count = encodeNumber(reader.u32() + added.length);
  const exports = bytes.subarray(reader.position, present.end);
  const section = encodeSection(SECTION.export, concat([count, exports, ...added]));
  return concat([bytes.subarray(0, present.start), section, bytes.subarray(present.end)]);
}

function encodeExport(name: string, kind: number, index: number): Uint8Array {
  return concat([encodeName(name), Uint8Array.of(kind), encodeNumber(index)]);
}

/** Collects what `exposeState` added, from all core instances of one instance, in their order. */
export function findState(instances: Iterable<WebAssembly.Instance>): CoreState {
  const memories: WebAssembly.Memory[] = [];
  const globals: WebAssembly.Global[] = [];
  const dirtyMaps: (WebAssembly.Memory | undefined)[] = [];
  for (const { exports } of instances) {
    for (const [name, value] of Object.entries(exports)) {
      if (!RESERVED_NAME.test(name) || name.startsWith('$d')) continue;
      if (value instanceof WebAssembly.Memory) {
        memories.push(value);
        dirtyMaps.push(exports[name.replace('$m', '$d')] as WebAssembly.Memory | undefined);
      } else if (value instanceof WebAssembly.Global) globals.push(value);
    }
  }
  return { memories, globals, dirtyMaps };
}
