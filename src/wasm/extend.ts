import { concat, encodeNumber, encodeSection, encodeVector } from './encode.ts';
import { SECTION, type Section } from './sections.ts';

/** In the order of the format, which is not that of the numbers. */
const ORDER: readonly number[] = [
  SECTION.type,
  SECTION.import,
  SECTION.function,
  SECTION.table,
  SECTION.memory,
  SECTION.tag,
  SECTION.global,
  SECTION.export,
  SECTION.start,
  SECTION.element,
  SECTION.dataCount,
  SECTION.code,
  SECTION.data,
];

export interface Extension {
  /** Entries to add at the end of sections, by section id, in the order of the format. A missing section is created. */
  readonly entries: ReadonlyMap<number, readonly Uint8Array[]>;
  /** Replaces the bodies of the existing functions; without the number of functions. */
  readonly code: Uint8Array;
  /** Sections that are left out. */
  omit?(section: Section): boolean;
  /** A custom section that is inserted before the code. */
  readonly beforeCode?: Uint8Array;
}

/** A core module with more entries at the end of some sections, so that no index changes. */
export function extendModule(
  bytes: Uint8Array,
  sections: readonly Section[],
  { entries: added, code, omit, beforeCode }: Extension,
): Uint8Array {
  const parts: Uint8Array[] = [bytes.subarray(0, 8)];
  const left = [...added.keys()];
  const putNew = (before: number): void => {
    while (left.length > 0 && ORDER.indexOf(left[0]!) < before) {
      const id = left.shift()!;
      parts.push(encodeSection(id, encodeVector(added.get(id)!)));
    }
  };
  for (const section of sections) {
    putNew(ORDER.indexOf(section.id));
    if (omit?.(section)) continue;
    if (section.id === SECTION.code && beforeCode !== undefined) parts.push(beforeCode);
    const entries = added.get(section.id);
    if (entries === undefined) {
      parts.push(bytes.subarray(section.start, section.end));
      continue;
    }
    left.shift();
    const reader = section.read();
    const total = encodeNumber(reader.u32() + entries.length);
    const present = section.id === SECTION.code ? code : bytes.subarray(reader.position, section.end);
    parts.push(encodeSection(section.id, concat([total, present, ...entries])));
  }
  putNew(ORDER.length);
  return concat(parts);
}
