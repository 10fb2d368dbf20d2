import type { Reader } from './reader.ts';
import { readValueType, type ValueType } from './types.ts';

/** The types of a core module, as far as anything here needs them. */
export interface ModuleTypes {
  /** How many parameters the functions of each type have; undefined for a type that is not one of functions. */
  readonly parameters: readonly (number | undefined)[];
  /** How many bytes an element of each type has; undefined for a type that is not one of arrays. */
  readonly elements: readonly (number | undefined)[];
  /** There are struct or array types: their objects live on V8's heap. */
  readonly managed: boolean;
}

/** How definitions of types begin (WebAssembly core specification, 5.3 Types). */
const FORM = {
  group: 0x4e,
  sub: 0x50,
  finalSub: 0x4f,
  descriptor: 0x4d,
  describes: 0x4c,
  shared: 0x65,
  function: 0x60,
  struct: 0x5f,
  array: 0x5e,
  continuation: 0x5d,
} as const;

/** Types of fields beside those that values have, with their bytes. */
const PACKED: ReadonlyMap<number, number> = new Map([
  [0x78, 1],
  [0x77, 2],
]);

const SIZES: Readonly<Record<ValueType, number>> = { i32: 4, i64: 8, f32: 4, f64: 8, v128: 16, reference: 8 };

/** Reads a type section; `reader` stands before its count. */
export function readTypeSection(reader: Reader): ModuleTypes {
  const parameters: (number | undefined)[] = [];
  const elements: (number | undefined)[] = [];
  let managed = false;

  function readOne(form: number): void {
    let kind = form;
    if (kind === FORM.sub || kind === FORM.finalSub) {
      reader.list(() => reader.u32());
      kind = reader.u8();
    }
    while (kind === FORM.descriptor || kind === FORM.describes) {
      reader.u32();
      kind = reader.u8();
    }
    if (kind === FORM.shared) kind = reader.u8();
    let element: number | undefined;
    if (kind === FORM.function) parameters.push(readFunction(reader));
    else {
      if (kind === FORM.struct) reader.list(() => readField(reader));
      else if (kind === FORM.array) element = readField(reader);
      else if (kind === FORM.continuation) reader.s33();
      else reader.fail(`a type of unknown form ${kind}`);
      managed ||= kind !== FORM.continuation;
      parameters.push(undefined);
    }
    elements.push(element);
  }

  reader.list(() => {
    const form = reader.u8();
    if (form === FORM.group) reader.list(() => readOne(reader.u8()));
    else readOne(form);
  });
  return { parameters, elements, managed };
}

/** Returns how many parameters it has. */
function readFunction(reader: Reader): number {
  let count = 0;
  reader.list(() => {
    readValueType(reader);
    count += 1;
  });
  reader.list(() => readValueType(reader));
  return count;
}

/** Returns how many bytes it has. */
function readField(reader: Reader): number {
  const packed = PACKED.get(reader.peek());
  const size = packed ?? SIZES[readValueType(reader)];
  // The byte of a packed type, and the mutability.
  reader.skip(packed === undefined ? 1 : 2);
  return size;
}
