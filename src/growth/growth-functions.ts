import { concat, encodeNumber, encodeSigned } from '../wasm/encode.ts';
import { readImports } from '../wasm/imports.ts';
import type { Reader } from '../wasm/reader.ts';
import { findSection, SECTION, type Section } from '../wasm/sections.ts';
import { readDefinedTables, readTableLimits } from '../wasm/tables.ts';
import { readTypeSection } from '../wasm/type-section.ts';
import { readValueType } from '../wasm/types.ts';
import { LARGE_ARRAY, PAGE, TABLE_ELEMENT } from './sizes.ts';

/** The added functions that ask before they grow something. They are numbered in the order in which they are requested. */
export interface GrowthFunctions {
  /** The index of the function that replaces `memory.grow`. */
  ofMemory(memory: number): number;
  /** The same for `table.grow`. */
  ofTable(table: number): number;
  /** The index of a function that returns the length of an array of this type unchanged, or traps if it is not permitted. */
  ofArray(type: number): number;
  /** Names that the module exports. */
  readonly exports: readonly string[];
  /** What must be added to the module for the requested functions, and the index of the table that they call through. */
  added(): {
    readonly types: readonly Uint8Array[];
    readonly functions: readonly Uint8Array[];
    readonly bodies: readonly Uint8Array[];
    readonly table: number;
  };
}

const I32 = 0x7f;
const I64 = 0x7e;

/** A flag of a table: its indexes have 64 bits. */
const WIDE = 4;

/** The properties of a table that growing it depends on. */
interface Table {
  /** Its reference type, encoded. */
  readonly reference: Uint8Array;
  readonly wide: boolean;
}

interface Growing {
  readonly type: Uint8Array;
  readonly body: Uint8Array;
}

export function growthFunctions(bytes: Uint8Array, sections: readonly Section[]): GrowthFunctions {
  const counts = { functions: 0 };
  const tables: Table[] = [];
  const exports: string[] = [];
  const readTable = (reader: Reader): void => void tables.push(readTableAt(bytes, reader));
  const imports = findSection(sections, SECTION.import)?.read();
  if (imports !== undefined) {
    readImports(imports, {
      function() {
        counts.functions += 1;
      },
      table: readTable,
    });
  }
  const list = (id: number, item: (reader: Reader) => void): void => {
    const reader = findSection(sections, id)?.read();
    reader?.list(() => item(reader));
  };
  list(SECTION.function, (reader) => {
    reader.u32();
    counts.functions += 1;
  });
  readDefinedTables(sections, readTable);
  list(SECTION.export, (reader) => {
    exports.push(reader.name());
    reader.u8();
    reader.u32();
  });
  const types = findSection(sections, SECTION.type);
  const elements = types === undefined ? [] : readTypeSection(types.read()).elements;
  const firstType = elements.length;
  const made = new Map<string, number>();
  const growing: Growing[] = [];

  function index(key: string, make: () => Growing): number {
    const known = made.get(key);
    if (known !== undefined) return known;
    const fresh = counts.functions + growing.length;
    made.set(key, fresh);
    growing.push(make());
    return fresh;
  }

  return {
    exports,
    ofMemory: (memory) => index(`memory ${memory}`, () => memoryGrowing(memory, firstType, tables.length)),
    ofTable: (table) =>
      index(`table ${table}`, () => tableGrowing(table, tables[table]!, firstType, tables.length)),
    ofArray: (type) =>
      index(`array ${type}`, () => arrayCheck(elements[type] ?? 1, firstType, tables.length)),
    added: () => ({
      types: [Uint8Array.of(0x60, 2, I32, I32, 1, I32), ...growing.map(({ type }) => type)],
      functions: growing.map((_, i) => encodeNumber(firstType + 1 + i)),
      bodies: growing.map(({ body }) => concat([encodeNumber(body.length), body])),
      table: tables.length,
    }),
  };
}

function readTableAt(bytes: Uint8Array, reader: Reader): Table {
  const { position } = reader;
  readValueType(reader);
  const reference = bytes.slice(position, reader.position);
  const wide = (reader.peek() & WIDE) !== 0;
  readTableLimits(reader);
  return { reference, wide };
}

function memoryGrowing(memory: number, check: number, table: number): Growing {
  return {
    type: Uint8Array.of(0x60, 1, I32, 1, I32),
    body: growing({ check, table, unit: PAGE, delta: 0, wide: false }, [
      [0x20, 0, 0x40],
      encodeNumber(memory),
    ]),
  };
}

function tableGrowing(grown: number, { reference, wide }: Table, check: number, table: number): Growing {
  const number = wide ? I64 : I32;
  return {
    type: concat([Uint8Array.of(0x60, 2), reference, Uint8Array.of(number, 1, number)]),
    body: growing({ check, table, unit: TABLE_ELEMENT, delta: 1, wide }, [
      [0x20, 0, 0x20, 1, 0xfc, 0x0f],
      encodeNumber(grown),
    ]),
  };
}

/**
 * In text, for elements of `unit` bytes:
 *
 *     (if (i32.gt_u (local.get 0) (i32.const LARGE_ARRAY / unit))
 *       (then (if (i32.eqz (call_indirect $grow (i32.const unit) (local.get 0) (i32.const 2))) (then unreachable))))
 *     (local.get 0)
 */
function arrayCheck(unit: number, check: number, table: number): Growing {
  return {
    type: Uint8Array.of(0x60, 1, I32, 1, I32),
    body: Uint8Array.from([
      ...[0, 0x20, 0, 0x41, ...encodeSigned(LARGE_ARRAY / unit), 0x4b, 0x04, 0x40],
      ...[
        0x41,
        ...encodeSigned(unit),
        0x20,
        0,
        0x41,
        2,
        0x11,
        ...encodeNumber(check),
        ...encodeNumber(table),
      ],
      ...[0x45, 0x04, 0x40, 0x00, 0x0b, 0x0b, 0x20, 0, 0x0b],
    ]),
  };
}

interface Asked {
  /** The type of the functions that are called for permission. */
  readonly check: number;
  /** The table that contains them. */
  readonly table: number;
  /** Bytes of one unit. */
  readonly unit: number;
  /** The parameter with the number of units. */
  readonly delta: number;
  /** It has 64 bits. */
  readonly wide: boolean;
}

/**
 * The body of a function. In text, for a memory:
 *
 *     (if (i32.eqz (call_indirect $grow (i32.const 65536) (local.get $delta) (i32.const 0))) (then (return (i32.const -1))))
 *     (local.set $result (memory.grow (local.get $delta)))
 *     (if (i32.eq (local.get $result) (i32.const -1))
 *       (then (drop (call_indirect $grow (i32.const 65536) (local.get $delta) (i32.const 1)))))
 *     (local.get $result)
 */
function growing({ check, table, unit, delta, wide }: Asked, grow: readonly Iterable<number>[]): Uint8Array {
  const result = delta + 1;
  const none = wide ? [0x42, 0x7f] : [0x41, 0x7f];
  const ask = (slot: number): number[] => [
    ...[0x41, ...encodeSigned(unit), 0x20, delta, ...(wide ? [0xa7] : [])],
    ...[0x41, slot, 0x11, ...encodeNumber(check), ...encodeNumber(table)],
  ];
  // No table has room for a number that does not fit into 32 bits.
  const tooMany = wide ? [0x20, delta, 0x42, 32, 0x88, 0x42, 0, 0x52, 0x04, 0x40, ...none, 0x0f, 0x0b] : [];
  return Uint8Array.from([
    ...[1, 1, wide ? I64 : I32, ...tooMany],
    ...[...ask(0), 0x45, 0x04, 0x40, ...none, 0x0f, 0x0b],
    ...[...grow.flatMap((part) => [...part]), 0x22, result],
    ...[...none, wide ? 0x51 : 0x46, 0x04, 0x40, ...ask(1), 0x1a, 0x0b, 0x20, result, 0x0b],
  ]);
}
