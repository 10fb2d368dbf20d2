import { WasmcpError } from '../../host/index.ts';
import { concat, encodeName, encodeNumber, encodeSection } from '../wasm/encode.ts';
import { createReader, type Reader } from '../wasm/reader.ts';
import { SECTION as MODULE_SECTION, readSections } from '../wasm/sections.ts';

/** A component without the code and data of its core modules. It has the same types, so jco generates the same glue. */
export interface StubbedComponent {
  readonly bytes: Uint8Array;
  /** Core modules in their stubbed and their original form, in the order of the file. */
  readonly modules: readonly { readonly stub: Uint8Array; readonly original: Uint8Array }[];
}

const PREAMBLE_LENGTH = 8;
const SECTION = { custom: 0, coreModule: 1, component: 4 } as const;

/** Sections that determine how a module is linked. Its functions must exist, but their code does not matter. */
const KEPT: ReadonlySet<number> = new Set([
  MODULE_SECTION.type,
  MODULE_SECTION.import,
  MODULE_SECTION.function,
  MODULE_SECTION.table,
  MODULE_SECTION.memory,
  MODULE_SECTION.global,
  MODULE_SECTION.export,
  MODULE_SECTION.start,
  MODULE_SECTION.element,
  MODULE_SECTION.tag,
]);

/** A function body: its length, no locals, `unreachable`, `end`. Valid for every type. */
const TRAP = Uint8Array.of(3, 0x00, 0x00, 0x0b);

/** Removes the code from a component that `readComponent` has accepted. */
export function stubModules(component: Uint8Array): StubbedComponent {
  const modules: { stub: Uint8Array; original: Uint8Array }[] = [];
  const fail = (problem: string, position: number): never => {
    throw new TypeError(`${problem} (at byte ${position}), which readComponent let pass`);
  };

  function stubComponent(reader: Reader): Uint8Array {
    const parts = [component.subarray(reader.position, reader.position + PREAMBLE_LENGTH)];
    reader.skip(PREAMBLE_LENGTH);
    while (reader.position < reader.end) {
      const start = reader.position;
      const id = reader.u8();
      const section = reader.part(reader.u32());
      const { position, end } = section;
      if (id === SECTION.coreModule) {
        const original = component.subarray(position, end);
        const stub = stubModule(original, modules.length);
        modules.push({ stub, original });
        parts.push(encodeSection(id, stub));
      } else if (id === SECTION.component) parts.push(encodeSection(id, stubComponent(section)));
      else if (id !== SECTION.custom) parts.push(component.subarray(start, end));
    }
    return concat(parts);
  }

  return { bytes: stubComponent(createReader(component, fail)), modules };
}

/** Contains a number that distinguishes it from all others, so that it can be found among jco's output modules. */
function stubModule(module: Uint8Array, number: number): Uint8Array {
  try {
    const parts = [module.subarray(0, PREAMBLE_LENGTH)];
    for (const { id, start, end, read } of readSections(module)) {
      if (KEPT.has(id)) parts.push(module.subarray(start, end));
      else if (id === MODULE_SECTION.code) {
        const count = read().u32();
        parts.push(encodeSection(id, concat([encodeNumber(count), repeat(TRAP, count)])));
      }
    }
    parts.push(encodeSection(MODULE_SECTION.custom, concat([encodeName('stub'), encodeNumber(number)])));
    return concat(parts);
  } catch (error) {
    // Of an unknown form: the transpiler gets it unchanged and reports the problem.
    if (error instanceof WasmcpError) return module;
    throw error;
  }
}

function repeat(bytes: Uint8Array, times: number): Uint8Array {
  const all = new Uint8Array(bytes.length * times);
  for (let at = 0; at < all.length; at += bytes.length) all.set(bytes, at);
  return all;
}
