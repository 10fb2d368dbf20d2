import type { Reader } from './reader.ts';
import { readValueType, type ValueType } from './types.ts';

/** The properties of a core module's types that are needed here. */
export interface ModuleTypes {
  /** The number of parameters of each function type; undefined for other types. */
  readonly parameters: readonly (number | undefined)[];
  /** The number of bytes of an element of each array type; undefined for other types. */
  readonly elements: readonly (number | undefined)[];
  /** Whether there are struct or array types, whose objects live on V8's heap. */
  readonly managed: boolean;
}

/** First bytes of definitions of types (WebAssembly core specification, 5.3 Types). */
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

/** Types that only fields have, with their number of bytes. */
const PACKED: ReadonlyMap<number, number> = new Map([
  [0x78, 1],
  [0x77, 2],
]);

const SIZES: Readonly<Record<ValueType, number>> = { i32: 4, i64: 8, f32: 4, f64: 8, v128: 16, reference: 8 };

/** Reads a type section; `reader` is positioned before its count. */
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

/** Returns the number of parameters. */
function readFunction(reader: Reader): number {
  let count = 0;
  reader.list(() => {
    readValueType(reader);
    count += 1;
  });
  reader.list(() => readValueType(reader));
  return count;
}

/** Returns the number of bytes. */
function readField(reader: Reader): number {
  const packed = PACKED.get(reader.peek());
  const size = packed ?? SIZES[readValueType(reader)];
  // The byte of a packed type, and the mutability.
  reader.skip(packed === undefined ? 1 : 2);
  return size;
}
