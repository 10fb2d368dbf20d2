export type Encoding = 'utf8' | 'utf16';

/** A string in a guest's memory: so many times the same bytes, and what comes after them. */
export interface MemoryReader {
  readonly unit: Uint8Array;
  readonly times: number;
  readonly end?: Uint8Array;
}

const PAGES = 256;
const START = 4096;

const escaped = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');

/** Text in an encoding; half a pair of surrogates stays one in UTF-16. */
export function encode(text: string, encoding: Encoding): Uint8Array {
  return Buffer.from(text, encoding === 'utf8' ? 'utf8' : 'utf16le');
}

/**
 * A command whose outer component passes a string to its inner one, which returns a sum over the code units that reached it.
 * It fails unless the sum is `expected`; the string comes back, and its sum has to be the same as it was.
 */
export function passing(from: Encoding, to: Encoding, contents: MemoryReader, expected: number): string {
  const { unit, times, end = new Uint8Array() } = contents;
  const bytes = unit.length * times + end.length;
  const units = from === 'utf8' ? bytes : bytes / 2;
  return `(component
    (component $Inner
      ${memory('')}
      (core module $main (import "m" "memory" (memory 1)) (import "m" "sum" (func $sum (param i32 i32) (result i32)))
        (global $at (mut i32) (i32.const 0)) (global $length (mut i32) (i32.const 0))
        (func (export "take") (param i32 i32) (result i32)
          (global.set $at (local.get 0)) (global.set $length (local.get 1))
          (call $sum (local.get 0) (i32.mul (local.get 1) (i32.const ${to === 'utf8' ? 1 : 2}))))
        (func (export "give") (result i32)
          (i32.store (i32.const 16) (global.get $at)) (i32.store (i32.const 20) (global.get $length)) (i32.const 16)))
      (core instance $i (instantiate $main (with "m" (instance $m))))
      (func (export "take") (param "text" string) (result u32) (canon lift (core func $i "take") ${options(to)}))
      (func (export "give") (result string) (canon lift (core func $i "give") ${options(to)})))
    (component $Outer
      (import "take" (func $take' (param "text" string) (result u32)))
      (import "give" (func $give' (result string)))
      ${memory(`(data (i32.const 64) "${escaped(unit)}") (data (i32.const 128) "${escaped(end)}")`)}
      (core func $take (canon lower (func $take') ${options(from)}))
      (core func $give (canon lower (func $give') ${options(from)}))
      (core module $main (import "m" "memory" (memory 1)) (import "m" "sum" (func $sum (param i32 i32) (result i32)))
        (import "inner" "take" (func $take (param i32 i32) (result i32)))
        (import "inner" "give" (func $give (param i32)))
        (func (export "run") (result i32) (local $n i32)
          (block $filled (loop $next
            (br_if $filled (i32.eq (local.get $n) (i32.const ${times})))
            (memory.copy (i32.add (i32.const ${START}) (i32.mul (local.get $n) (i32.const ${unit.length})))
              (i32.const 64) (i32.const ${unit.length}))
            (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (br $next)))
          (memory.copy (i32.const ${START + unit.length * times}) (i32.const 128) (i32.const ${end.length}))
          (local.set $n (call $sum (i32.const ${START}) (i32.const ${bytes})))
          (if (i32.ne (call $take (i32.const ${START}) (i32.const ${units})) (i32.const ${expected | 0}))
            (then (return (i32.const 1))))
          (call $give (i32.const 32))
          (i32.ne (local.get $n) (call $sum (i32.load (i32.const 32))
            (i32.mul (i32.load (i32.const 36)) (i32.const ${from === 'utf8' ? 1 : 2}))))))
      (core instance $i (instantiate $main (with "m" (instance $m)) (with "inner" (instance
        (export "take" (func $take)) (export "give" (func $give))))))
      (func (export "run") (result (result)) (canon lift (core func $i "run"))))
    (instance $inner (instantiate $Inner))
    (instance $outer (instantiate $Outer
      (with "take" (func $inner "take")) (with "give" (func $inner "give"))))
    (instance $command (export "run" (func $outer "run")))
    (export "wasi:cli/run@0.2.6" (instance $command)))`;
}

/** Allocates at the end of what it has; what was given last may change its size. */
function memory(data: string): string {
  return `(core module $memory (memory (export "memory") ${PAGES}) ${data}
      (global $next (mut i32) (i32.const ${(PAGES / 2) * 65_536}))
      (func (export "realloc") (param $old i32) (param $had i32) (param $align i32) (param $size i32) (result i32)
        (local $at i32)
        (if (local.get $old) (then
          (global.set $next (i32.and (i32.add (i32.add (local.get $old) (local.get $size)) (i32.const 15)) (i32.const -16)))
          (return (local.get $old))))
        (local.set $at (global.get $next))
        (global.set $next (i32.and (i32.add (i32.add (local.get $at) (local.get $size)) (i32.const 15)) (i32.const -16)))
        (local.get $at))
      (func (export "sum") (param $at i32) (param $length i32) (result i32) (local $sum i32) (local $end i32)
        (local.set $end (i32.add (local.get $at) (local.get $length)))
        (block $done (loop $next
          (br_if $done (i32.eq (local.get $at) (local.get $end)))
          (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31)) (i32.load8_u (local.get $at))))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $next)))
        (local.get $sum)))
    (core instance $m (instantiate $memory))`;
}

function options(encoding: Encoding): string {
  return `string-encoding=${encoding} (memory (core memory $m "memory")) (realloc (core func $m "realloc"))`;
}

/** As the guests compute it. */
export function sum(bytes: Uint8Array): number {
  return bytes.reduce((total, byte) => (Math.imul(total, 31) + byte) | 0, 0);
}
