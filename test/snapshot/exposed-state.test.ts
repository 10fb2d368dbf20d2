import { expect, test } from 'vitest';
import { analyse } from '../../src/snapshot/analyse.ts';
import { exposeState, findState } from '../../src/snapshot/exposed-state.ts';
import { assemble } from '../support/wat.ts';

async function instantiate(wat: string, imports: WebAssembly.Imports = {}): Promise<WebAssembly.Instance> {
  const bytes = await assemble(wat);
  const exposed = exposeState(bytes, analyse(bytes));
  return new WebAssembly.Instance(new WebAssembly.Module(exposed as BufferSource), imports);
}

test('internal memories and mutable globals of a module become accessible, in their order', async () => {
  const { exports } = await instantiate(
    `(module
    (import "host" "memory" (memory 1))
    (import "host" "global" (global (mut i32)))
    (memory $one 1) (memory $two 2)
    (global i32 (i32.const 1)) (global $first (mut i32) (i32.const 2)) (global $second (mut i64) (i64.const 3))
    (func (export "write") (i32.store8 $two (i32.const 5) (i32.const 7)) (global.set $second (i64.const 4))))`,
    {
      host: {
        memory: new WebAssembly.Memory({ initial: 1 }),
        global: new WebAssembly.Global({ value: 'i32', mutable: true }, 9),
      },
    },
  );
  const { memories, globals } = findState([{ exports }]);
  expect(Object.keys(exports)).toEqual(['write', '$m0', '$m1', '$g0', '$g1']);
  expect(memories.map(({ buffer }) => buffer.byteLength)).toEqual([0x10000, 0x20000]);
  expect(globals.map(({ value }) => value)).toEqual([2, 3n]);
  (exports.write as () => void)();
  expect(new Uint8Array(memories[1]!.buffer)[5]).toBe(7);
  expect(globals[1]!.value).toBe(4n);
});

test.each([
  ['nothing else', '(module (memory 1))'],
  ['a start function', '(module (memory 1) (func $f) (start $f))'],
  ['elements', '(module (memory 1) (table 1 funcref) (func $f) (elem (i32.const 0) $f))'],
  [
    'a data count',
    '(module (memory 1) (func (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 0))) (data "x"))',
  ],
  ['data', '(module (memory 1) (data (i32.const 0) "x"))'],
  ['custom sections', '(module (memory 1) (@custom "a" (before first) "b") (@custom "c" (after last) "d"))'],
])('a module without exports, but with %s, gets its first', async (_, wat) => {
  const { exports } = await instantiate(wat);
  expect(findState([{ exports }]).memories).toHaveLength(1);
});

test('a module without state of its own is unchanged', async () => {
  const bytes = await assemble('(module (import "a" "m" (memory 1)) (func (export "f")))');
  expect(exposeState(bytes, analyse(bytes))).toBe(bytes);
});

test('the state of several instances is collected in their order; other exports are ignored', async () => {
  const wat = (size: number) =>
    `(module (memory (export "memory") ${size}) (global (export "counter") (mut i32) (i32.const ${size})))`;
  const { memories, globals } = findState([await instantiate(wat(3)), await instantiate(wat(1))]);
  expect(memories.map(({ buffer }) => buffer.byteLength / 0x10000)).toEqual([3, 1]);
  expect(globals.map(({ value }) => value)).toEqual([3, 1]);
});

test('a module whose state cannot be restored is never rewritten', async () => {
  const bytes = await assemble('(module (memory 1) (func (export "$m0")))');
  expect(() => exposeState(bytes, analyse(bytes))).toThrow(TypeError);
});
