import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { glueState } from '../../../src/component/glue-state.ts';
import { leanGlue, load, transpileRaw, transpileSync } from './component.ts';

export interface AbiGuest {
  /** Type of the host's function in WIT's text format, and of what it is lowered to. */
  readonly type: string;
  readonly core: string;
  /** CallStack `$f` and gives an `i32`; `$count` says how often `realloc` was called. */
  readonly body: string;
  /** Of memory, one page. */
  readonly data?: string;
  /** Named types that the function uses. */
  readonly types?: string;
  readonly encoding?: string;
  /** What `realloc` returns. */
  readonly realloc?: string;
  readonly pages?: number;
}

/** A component with one import, `f` of `test:host/abi@1.0.0`, and the export `run`. */
export function abiGuest(guest: AbiGuest): string {
  const { type, core, body, data = '', types = '', encoding = 'utf8', pages = 1 } = guest;
  return `(component
    (import "test:host/abi@1.0.0" (instance $abi ${types} (export "f" (func ${type}))))
    (core module $memory (memory (export "memory") ${pages}) ${data}
      (global $count (mut i32) (i32.const 0))
      (func (export "count") (result i32) (global.get $count))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32)
        (global.set $count (i32.add (global.get $count) (i32.const 1)))
        ${guest.realloc ?? '(i32.const 64)'}))
    (core instance $m (instantiate $memory))
    (core func $f (canon lower (func $abi "f") string-encoding=${encoding}
      (memory (core memory $m "memory")) (realloc (core func $m "realloc"))))
    (core module $main (import "m" "memory" (memory 1)) (import "m" "count" (func $count (result i32)))
      (import "abi" "f" (func $f ${core}))
      (func (export "run") (result i32) ${body}))
    (core instance $i (instantiate $main (with "m" (instance $m))
      (with "abi" (instance (export "f" (func $f))))))
    (func (export "run") (result u32) (canon lift (core func $i "run"))))`;
}

export type Kind = 'lean' | 'raw';
export const KINDS: readonly Kind[] = ['lean', 'raw'];

/** Makes instances, by one kind of glue, with `f` as the host's function. */
export async function loadAbiGuest(
  kind: Kind,
  wat: string,
): Promise<(f: (...values: never[]) => unknown) => { run(): number; isDead(): boolean }> {
  const bytes = await parse(wat);
  const transpiled = await (kind === 'lean' ? transpileSync(bytes) : transpileRaw(bytes));
  const loaded = await load(transpiled, kind === 'lean' ? leanGlue(transpiled) : transpiled.glue);
  return (f) => {
    const instance = loaded.instantiate({ 'test:host/abi@1.0.0': { f } });
    const { run } = instance as unknown as { run(): number };
    return { run, isDead: () => glueState(instance)?.dead ?? true };
  };
}
