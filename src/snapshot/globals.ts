import { concat, encodeModule, encodeName, encodeNumber } from '../wasm/encode.ts';
import { SECTION } from '../wasm/sections.ts';

/** The saved values of one instance's mutable globals, bit by bit: JavaScript cannot distinguish NaNs. */
export interface SavedGlobals {
  /** Restores them. */
  restore(): void;
}

const TYPES = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c } as const;
type Type = keyof typeof TYPES;

const ZERO: Readonly<Record<Type, readonly number[]>> = {
  i32: [0x41, 0],
  i64: [0x42, 0],
  f32: [0x43, 0, 0, 0, 0],
  f64: [0x44, 0, 0, 0, 0, 0, 0, 0, 0],
};

/**
 * Returns a function that saves the globals of any instance of a component, given those of one instance. The copying is done in
 * wasm: setting one global from JavaScript costs as much as setting hundreds there.
 */
export function compileGlobals(
  sample: readonly WebAssembly.Global[],
): (globals: readonly WebAssembly.Global[]) => SavedGlobals {
  const module = new WebAssembly.Module(globalsModule(sample.map(typeOf)) as BufferSource);
  return (globals) => {
    const live = Object.fromEntries(globals.map((global, index) => [index, global]));
    const { exports } = new WebAssembly.Instance(module, { live });
    const { save, restore } = exports as { save(): void; restore(): void };
    save();
    return { restore };
  };
}

/** JavaScript does not show the type of a global, but only an import of the same type links. */
function typeOf(global: WebAssembly.Global): Type {
  for (const type of Object.keys(TYPES) as Type[]) {
    const probe = new WebAssembly.Module(globalsModule([type]) as BufferSource);
    try {
      new WebAssembly.Instance(probe, { live: { 0: global } });
      return type;
    } catch (error) {
      if (!(error instanceof WebAssembly.LinkError)) throw error;
    }
  }
  throw new TypeError('a global that is not a mutable number');
}

/**
 * A module that imports a global of each of these types, and defines a second one to save it in. In text:
 *
 *     (import "live" "0" (global $live (mut i32)))
 *     (global $saved (mut i32) (i32.const 0))
 *     (func (export "save") (global.set $saved (global.get $live)))
 *     (func (export "restore") (global.set $live (global.get $saved)))
 */
function globalsModule(types: readonly Type[]): Uint8Array {
  const count = types.length;
  const move = (from: number, to: number): number[] =>
    types.flatMap((_, i) => [0x23, ...encodeNumber(from + i), 0x24, ...encodeNumber(to + i)]);
  const code = (body: readonly number[]): Uint8Array =>
    Uint8Array.of(...encodeNumber(body.length + 2), 0, ...body, 0x0b);
  return encodeModule([
    [SECTION.type, [Uint8Array.of(0x60, 0, 0)]],
    [
      SECTION.import,
      types.map((type, i) =>
        concat([encodeName('live'), encodeName(String(i)), Uint8Array.of(3, TYPES[type], 1)]),
      ),
    ],
    [SECTION.function, [Uint8Array.of(0), Uint8Array.of(0)]],
    [SECTION.global, types.map((type) => Uint8Array.of(TYPES[type], 1, ...ZERO[type], 0x0b))],
    [
      SECTION.export,
      [
        concat([encodeName('save'), Uint8Array.of(0, 0)]),
        concat([encodeName('restore'), Uint8Array.of(0, 1)]),
      ],
    ],
    [SECTION.code, [code(move(0, count)), code(move(count, 0))]],
  ]);
}
