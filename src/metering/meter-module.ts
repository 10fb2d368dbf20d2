import { WasmcpError } from '../../host/index.ts';
import {
  concat,
  createOutput,
  encodeName,
  encodeNumber,
  put,
  putConstant,
  putNumber,
  written,
} from '../wasm/encode.ts';
import { extendModule } from '../wasm/extend.ts';
import { findSection, readSections, SECTION, type Section } from '../wasm/sections.ts';
import { readTypeSection } from '../wasm/type-section.ts';
import { exceedsV8 } from '../wasm/v8-limits.ts';
import { addChecks } from './add-checks.ts';
import { encodeBranchHints, isCodeMetadata } from './branch-hints.ts';
import type { Added } from './checks.ts';
import { countIndexes } from './indexes.ts';
import { chooseNames, type MeterNames } from './names.ts';
import type { ModuleOutline } from './outline.ts';
import { createParts } from './parts.ts';
import { planChecks } from './plan.ts';

/** A core module that counts its instructions, and asks when it has used up a quantum. */
export interface MeteredModule {
  readonly bytes: Uint8Array;
  /** Undefined when nothing was added. */
  readonly names: MeterNames | undefined;
  /** Why some of its code is not counted; undefined when all of it is. */
  readonly unmetered: string | undefined;
}

const I32 = 0x7f;

/** Units until the first question of an instance without a meter. */
const UNATTACHED = 1_000_000_000;

/**
 * Makes the functions of a core module count the instructions that they execute, and ask when a quantum is used up. It must be
 * the last pass, so that the positions of branch hints stay correct; `outline` describes the module before the first pass.
 *
 * Types, functions, a table and a global are added after the existing ones, so that no index changes. A start function would run
 * before a meter is attached, so it is exported instead, see `coreInstantiator`.
 */
export function meterModule(outline: ModuleOutline, bytes: Uint8Array): MeteredModule {
  try {
    return meter(outline, bytes, readSections(bytes));
  } catch (error) {
    if (error instanceof WasmcpError) return { bytes, names: undefined, unmetered: error.message };
    throw error;
  }
}

function meter(outline: ModuleOutline, bytes: Uint8Array, sections: readonly Section[]): MeteredModule {
  const code = findSection(sections, SECTION.code);
  if (code === undefined) return { bytes, names: undefined, unmetered: undefined };
  const indexes = countIndexes(sections);
  const types = findSection(sections, SECTION.type);
  const { parameters } = types === undefined ? { parameters: [] } : readTypeSection(types.read());
  const added: Added = {
    units: indexes.globals,
    ask: indexes.functions,
    spend: indexes.functions + 1,
    parts: parameters.length + PARTS,
  };
  const parts = createParts(indexes.functions + 2, added.spend);
  const checked = addChecks(bytes, code, {
    plan: planChecks(outline),
    added,
    parts,
    imported: outline.imported,
    memories: outline.memories,
    parametersOf: (index) => parameters[indexes.types[index]!] ?? 0,
  });
  const unmetered =
    checked.skipped === undefined ? undefined : `function ${checked.skipped} would be larger than V8 accepts`;
  // Nothing to interrupt: it only calls other functions, once.
  if (!checked.isChanged) return { bytes, names: undefined, unmetered };
  const start = findSection(sections, SECTION.start)?.read().u32();
  const names = chooseNames(indexes.exports, start !== undefined);
  const metered = extendModule(bytes, sections, {
    entries: new Map([
      [SECTION.type, TYPES],
      [
        SECTION.function,
        [ASK, SPEND, ...parts.bodies.map(() => PARTS)].map((type) => encodeNumber(parameters.length + type)),
      ],
      [SECTION.table, [Uint8Array.of(0x70, 1, 1, 1)]],
      [SECTION.global, [concat([Uint8Array.of(I32, 1), constant(UNATTACHED), Uint8Array.of(0x0b)])]],
      [SECTION.export, encodeExports(names, { table: indexes.tables, units: added.units, start })],
      [
        SECTION.code,
        [...bodies(added, { check: parameters.length + CHECK, table: indexes.tables }), ...parts.bodies],
      ],
    ]),
    code: checked.bodies,
    omit: (section) => section.id === SECTION.start || isCodeMetadata(section),
    beforeCode: checked.hints.length === 0 ? new Uint8Array(0) : encodeBranchHints(checked.hints),
  });
  const tooMuch = exceedsV8(metered);
  if (tooMuch !== undefined) {
    return { bytes, names: undefined, unmetered: `it has as many ${tooMuch} as V8 accepts` };
  }
  return { bytes: metered, names, unmetered };
}

/** The types that are added, by position. */
const [CHECK, ASK, SPEND, PARTS] = [0, 1, 2, 3];
const TYPES: readonly Uint8Array[] = [
  Uint8Array.of(0x60, 1, I32, 1, I32),
  Uint8Array.of(0x60, 0, 0),
  Uint8Array.of(0x60, 1, I32, 0),
  Uint8Array.of(0x60, 3, I32, I32, I32, 3, I32, I32, I32),
];

function constant(value: number): Uint8Array {
  const output = createOutput(8);
  putConstant(output, value);
  return written(output);
}

function encodeExports(
  names: MeterNames,
  indexes: { readonly table: number; readonly units: number; readonly start: number | undefined },
): Uint8Array[] {
  const encode = (name: string, kind: number, index: number): Uint8Array =>
    concat([encodeName(name), Uint8Array.of(kind), encodeNumber(index)]);
  const exported = [encode(names.table, 1, indexes.table), encode(names.units, 3, indexes.units)];
  if (names.start !== undefined) exported.push(encode(names.start, 0, indexes.start!));
  return exported;
}

/**
 * The functions that are added, but for those of `Parts`. In text:
 *
 *     (func $ask
 *       (global.get $units)
 *       (global.set $units (i32.const 0))
 *       (global.set $units (call_indirect $table (type $check) (i32.const 0))))
 *     (func $spend (param i32)
 *       (global.set $units (i32.sub (global.get $units) (local.get 0)))
 *       (if (i32.le_s (global.get $units) (i32.const 0)) (then (call $ask))))
 */
function bodies(
  { units, ask }: Added,
  { check, table }: { readonly check: number; readonly table: number },
): Uint8Array[] {
  const [get, set] = [
    [0x23, ...encodeNumber(units)],
    [0x24, ...encodeNumber(units)],
  ] as const;
  const asking = [
    0,
    ...get,
    0x41,
    0,
    ...set,
    0x41,
    0,
    0x11,
    ...encodeNumber(check),
    ...encodeNumber(table),
    ...set,
    0x0b,
  ];
  const spending = [0, ...get, 0x20, 0, 0x6b, ...set, ...get, 0x41, 0, 0x4c, 0x04, 0x40, 0x10];
  spending.push(...encodeNumber(ask), 0x0b, 0x0b);
  return [asking, spending].map((body) => {
    const output = createOutput(body.length + 5);
    putNumber(output, body.length);
    put(output, ...body);
    return written(output);
  });
}
