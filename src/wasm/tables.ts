import { skipConstant } from './instructions.ts';
import type { Reader } from './reader.ts';
import { findSection, SECTION, type Section } from './sections.ts';
import { readValueType } from './types.ts';

/** Size of a table, in elements. */
export interface TableType {
  readonly min: number;
  /** As declared; undefined if the module declares no maximum. */
  readonly max: number | undefined;
}

const FLAG = { maximum: 1, wide: 4 } as const;

/** The first byte of a table whose elements have an initial value. */
const INITIALIZED = 0x40;

/** Reads the type of a table. */
export function readTableType(reader: Reader): TableType {
  readValueType(reader);
  return readTableLimits(reader);
}

/** Reads the rest of a table's type, after its reference type. */
export function readTableLimits(reader: Reader): TableType {
  const flags = reader.u8();
  if (flags & ~(FLAG.maximum | FLAG.wide)) reader.fail('a table has unknown properties');
  const number = (): number => (flags & FLAG.wide ? reader.u64() : reader.u32());
  const min = number();
  return { min, max: flags & FLAG.maximum ? number() : undefined };
}

/** For each table that the module defines, calls `read` for its type and `readValue` for its initial value. */
export function readDefinedTables(
  sections: readonly Section[],
  read: (reader: Reader) => void,
  readValue: (reader: Reader) => void = skipConstant,
): void {
  const reader = findSection(sections, SECTION.table)?.read();
  reader?.list(() => {
    const initialized = reader.peek() === INITIALIZED;
    if (initialized) reader.skip(2);
    read(reader);
    if (initialized) readValue(reader);
  });
}
