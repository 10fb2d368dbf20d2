import { WasmcpError } from '../../host/index.ts';
import {
  concat,
  createOutput,
  encodeName,
  encodeNumber,
  type Output,
  put,
  putAll,
  putConstant,
  putNumber,
  written,
} from '../wasm/encode.ts';
import { extendModule } from '../wasm/extend.ts';
import { bulkOpcode, managedOpcode, readInstruction } from '../wasm/instructions.ts';
import { afterNumber, numberAt } from '../wasm/reader.ts';
import { readSections, SECTION, type Section } from '../wasm/sections.ts';
import { readValueType } from '../wasm/types.ts';
import { exceedsV8, MAX_BODY } from '../wasm/v8-limits.ts';
import { COUNTED } from './counted-exports.ts';
import { type GrowthFunctions, growthFunctions } from './growth-functions.ts';

/** A module whose memories and tables grow only with permission. */
export interface CountedModule {
  readonly bytes: Uint8Array;
  /** Why its growth is not counted; undefined if it is, or if the module never grows anything. */
  readonly uncounted: string | undefined;
}

const MEMORY_GROW = 0x40;
const TABLE_GROW: number = bulkOpcode(0x0f);
const CALL = 0x10;
const DROP = 0x1a;

const ARRAY_NEW: number = managedOpcode(0x06);
const ARRAY_NEW_FIXED: number = managedOpcode(0x08);
const ARRAY_NEW_ELEM: number = managedOpcode(0x0a);

const isArray = (opcode: number): boolean => opcode >= ARRAY_NEW && opcode <= ARRAY_NEW_ELEM;

/**
 * Makes a core module ask for permission before it grows a memory or a table, or creates a large array. The instructions are
 * replaced by calls of added functions. Those call the first function of a table, which is exported as `$grow`, with the size
 * of a unit in bytes and a number of units; it returns 1 to permit them. The second function takes back a permission that
 * could not be used. The third is called in the same way before a large array of WasmGC is created; without its permission,
 * that traps.
 *
 * Everything is added after the module's own items, so no index changes. If the caller knows it, `growing` has 1 for each
 * function with such instructions; the others are not read.
 */
export function countGrowth(bytes: Uint8Array, growing?: Uint8Array): CountedModule {
  try {
    return count(bytes, readSections(bytes), growing);
  } catch (error) {
    if (error instanceof WasmcpError) return { bytes, uncounted: error.message };
    throw error;
  }
}

function count(bytes: Uint8Array, sections: readonly Section[], growing?: Uint8Array): CountedModule {
  const functions = growthFunctions(bytes, sections);
  const reserved = functions.exports.find((name) => name === COUNTED.table || name === COUNTED.start);
  if (reserved !== undefined) return { bytes, uncounted: `it exports the reserved name ${reserved}` };
  const code = rewriteCode(bytes, sections, functions, growing);
  if (code === undefined) return { bytes, uncounted: undefined };
  if (code === 'too large') return { bytes, uncounted: 'a function would be larger than V8 accepts' };

  const added = functions.added();
  const start = sections
    .find(({ id }) => id === SECTION.start)
    ?.read()
    .u32();
  const exported = [concat([encodeName(COUNTED.table), Uint8Array.of(1), encodeNumber(added.table)])];
  if (start !== undefined) {
    exported.push(concat([encodeName(COUNTED.start), Uint8Array.of(0), encodeNumber(start)]));
  }
  const extended = new Map<number, readonly Uint8Array[]>([
    [SECTION.type, added.types],
    [SECTION.function, added.functions],
    [SECTION.table, [Uint8Array.of(0x70, 1, 3, 3)]],
    [SECTION.export, exported],
    [SECTION.code, added.bodies],
  ]);
  const counted = extendModule(bytes, sections, {
    entries: extended,
    code,
    omit: ({ id }) => id === SECTION.start,
  });
  const tooMuch = exceedsV8(counted);
  if (tooMuch !== undefined) return { bytes, uncounted: `it has as many ${tooMuch} as V8 accepts` };
  return { bytes: counted, uncounted: undefined };
}

/** The bodies of the functions, with calls instead of the instructions that grow; undefined if there are none. */
function rewriteCode(
  bytes: Uint8Array,
  sections: readonly Section[],
  functions: GrowthFunctions,
  growing?: Uint8Array,
): Uint8Array | undefined | 'too large' {
  const section = sections.find(({ id }) => id === SECTION.code);
  if (section === undefined) return undefined;
  const reader = section.read();
  const output = createOutput(section.end - section.start);
  const body = createOutput(0x1_0000);
  let found = false;
  let fits = true;
  let index = -1;
  reader.list(() => {
    const from = reader.position;
    const end = reader.u32() + reader.position;
    index += 1;
    if (growing?.[index] === 0) {
      reader.skip(end - reader.position);
      putAll(output, bytes, from, end);
      return;
    }
    let copied = reader.position;
    body.length = 0;
    reader.list(() => {
      reader.u32();
      readValueType(reader);
    });
    while (reader.position < end) {
      const at = reader.position;
      const opcode = readInstruction(reader);
      if (isArray(opcode)) {
        putAll(body, bytes, copied, at);
        putArrayCheck(body, bytes, at, opcode, functions);
        copied = at;
      } else if (opcode === MEMORY_GROW || opcode === TABLE_GROW) {
        const index = lastNumber(bytes, reader.position);
        putAll(body, bytes, copied, at);
        put(body, CALL);
        putNumber(body, opcode === MEMORY_GROW ? functions.ofMemory(index) : functions.ofTable(index));
        copied = reader.position;
      } else continue;
      found = true;
    }
    putAll(body, bytes, copied, end);
    fits &&= body.length <= MAX_BODY;
    putNumber(output, body.length);
    putAll(output, body.bytes, 0, body.length);
  });
  if (!found) return undefined;
  return fits ? written(output) : 'too large';
}

/** Inserts the check before an instruction that creates an array. The length is on the stack, or in the instruction. */
function putArrayCheck(
  body: Output,
  bytes: Uint8Array,
  at: number,
  opcode: number,
  functions: GrowthFunctions,
): void {
  const type = afterNumber(bytes, at + 1);
  const fixed = opcode === ARRAY_NEW_FIXED;
  if (fixed) putConstant(body, numberAt(bytes, afterNumber(bytes, type)));
  put(body, CALL);
  putNumber(body, functions.ofArray(numberAt(bytes, type)));
  if (fixed) put(body, DROP);
}

/** The unsigned number that ends before this position. */
function lastNumber(bytes: Uint8Array, end: number): number {
  let value = bytes[end - 1]!;
  for (let at = end - 2; bytes[at]! >= 0x80; at -= 1) value = value * 0x80 + (bytes[at]! & 0x7f);
  return value;
}
