import { expect, test } from 'vitest';
import { analyse } from '../../src/snapshot/analyse.ts';
import { trackDirtyBlocks } from '../../src/snapshot/dirty-tracking.ts';
import { exposeState, findState } from '../../src/snapshot/exposed-state.ts';
import { captureImage } from '../../src/snapshot/image.ts';
import { instantiateTracked } from '../../src/snapshot/instantiate.ts';
import { makeRestorable, type RestorableInstance } from '../../src/snapshot/restorable-instance.ts';
import { assemble, seededRandom } from '../support/wat.ts';

const PAGE = 0x10000;
const SIZE = 3 * PAGE;

async function instantiate(wat: string, imports?: WebAssembly.Imports): Promise<WebAssembly.Instance> {
  const bytes = await assemble(wat);
  const tracked = trackDirtyBlocks(bytes);
  if (tracked === undefined) throw new Error('it cannot be tracked');
  return instantiateTracked(
    new WebAssembly.Module(exposeState(tracked, analyse(bytes)) as BufferSource),
    imports,
  );
}

function restorable(core: WebAssembly.Instance): RestorableInstance {
  const state = findState([core]);
  return makeRestorable(captureImage(state), state, undefined);
}

const OFFSETS = [0, 1, 100, 4080, 4081, 4095, 4096, 5000, 70_000];
const STORES = ['i32.store', 'i64.store', 'f32.store', 'f64.store', 'i32.store8', 'i32.store16'];
STORES.push('i64.store8', 'i64.store16', 'i64.store32', 'v128.store');
for (const bits of [8, 16, 32, 64]) STORES.push(`v128.store${bits}_lane`);

/** Each store at each offset, in the memory `name`; the value is what is in a local, which comes with other code around it. */
function stores(name: string): string {
  const all = STORES.flatMap((store) => OFFSETS.map((offset) => [store, offset] as const));
  return all
    .map(([store, offset]) => {
      const type = store.slice(0, store.indexOf('.'));
      const one = type === 'v128' ? '(i8x16.splat (i32.const 85))' : `(${type}.const 85)`;
      const lane = store.endsWith('_lane') ? ' 0' : '';
      return `(func (export "${name} ${store} ${offset}") (param i32) (local ${type} i64)
        (local.set 1 ${one}) (local.set 2 (i64.const 7))
        (block (br_if 0 (i32.eqz (i32.const 1))) (${store} $${name} offset=${offset}${lane} (local.get 0) (local.get 1)))
        (if (i64.ne (local.get 2) (i64.const 7)) (then unreachable)))`;
    })
    .join('\n');
}

test('every write, by any instruction and across blocks, is found and restored', async () => {
  const core = await instantiate(`(module (memory $a 3) (memory $b 3) (data $d "some bytes of data")
    (data (memory $b) (i32.const 8190) "on an edge")
    ${stores('a')} ${stores('b')}
    (func (export "fill") (param i32 i32) (memory.fill $b (local.get 0) (i32.const 9) (local.get 1)))
    (func (export "copy") (param i32 i32) (memory.copy $a $b (local.get 0) (i32.const 8000) (local.get 1)))
    (func (export "init") (param i32) (memory.init $a $d (local.get 0) (i32.const 0) (i32.const 18)))
    (func (export "grow") (drop (memory.grow $a (i32.const 1)))))`);
  const instance = restorable(core);
  const calls = core.exports as unknown as Record<string, (...values: number[]) => void>;
  const random = seededRandom(11);
  const below = (limit: number): number => Math.floor(random() * limit);
  const anywhere = (room: number): number => {
    const last = SIZE - room;
    return below(2) === 0 ? below(last) : Math.min(last, below(47) * 4096 + 4080 + below(32));
  };
  const names = Object.keys(calls).filter((name) => / /.test(name));
  expect(names).toHaveLength(2 * STORES.length * OFFSETS.length);
  for (const name of names) {
    for (let n = 0; n < 5; n += 1) {
      calls[name]!(anywhere(Number(name.split(' ')[2]) + 16));
      expect(instance.restore()).toBeUndefined();
      instance.assertRestored();
      expect(instance.written).toBeGreaterThan(0);
    }
  }
  for (let n = 0; n < 300; n += 1) {
    const length = below(2) === 0 ? below(200) : below(20_000);
    calls.fill!(anywhere(length), length);
    calls.copy!(anywhere(length), length);
    calls.init!(anywhere(18));
    instance.restore();
    instance.assertRestored();
  }
  calls.grow!();
  calls['a i32.store 0']!(SIZE + 5000);
  instance.restore();
  instance.assertRestored();
});

test('a write at the very end is found, and one beyond it traps as before', async () => {
  const core = await instantiate(`(module (memory 1)
    (func (export "store") (param i32) (i64.store offset=5000 (local.get 0) (i64.const -1)))
    (func (export "fill") (param i32 i32) (memory.fill (local.get 0) (i32.const 1) (local.get 1))))`);
  const instance = restorable(core);
  const { store, fill } = core.exports as unknown as Record<string, (...values: number[]) => void>;
  store!(PAGE - 5008);
  expect(() => store!(PAGE - 5007)).toThrow(WebAssembly.RuntimeError);
  expect(() => store!(-1)).toThrow(WebAssembly.RuntimeError);
  fill!(PAGE - 10, 10);
  fill!(PAGE, 0);
  expect(() => fill!(PAGE - 10, 11)).toThrow(WebAssembly.RuntimeError);
  expect(() => fill!(0, -1)).toThrow(WebAssembly.RuntimeError);
  expect(() => fill!(-1, -1)).toThrow(WebAssembly.RuntimeError);
  instance.restore();
  instance.assertRestored();
});

test('a write to the memory of another module is found', async () => {
  const owner = await instantiate('(module (memory (export "memory") 2))');
  const writer = await instantiate(
    `(module (import "env" "memory" (memory 0)) (import "env" "log" (func $log))
      (func (export "write") (param i32) (call $log) (i32.store16 (local.get 0) (i32.const 7))))`,
    { env: { memory: owner.exports.memory!, log: () => {} } },
  );
  const instance = restorable(owner);
  (writer.exports.write as (at: number) => void)(70_000);
  instance.restore();
  expect(instance.written).toBe(1);
  instance.assertRestored();
});

test('unmarked blocks are not read: a restore ignores writes that bypass the dirty map', async () => {
  const core = await instantiate('(module (memory 2))');
  const instance = restorable(core);
  new Uint8Array(findState([core]).memories[0]!.buffer)[70_000] = 1;
  instance.restore();
  expect(() => instance.assertRestored()).toThrow('memory 0 at byte 70000');
});

const manyLocals = (count: number): string =>
  `(module (memory 1) (func (local ${'i32 '.repeat(count)}) (i32.store (i32.const 0) (i32.const 1))))`;

test.each([
  ['imports and defines memories', '(module (import "a" "m" (memory 1)) (memory 1))'],
  ['has so many memories that twice as many would be too much', `(module ${'(memory 1)'.repeat(17)})`],
  ['imports from where cards come from', '(module (import "$dirty-map" "0" (memory 1)))'],
  [
    'writes by atomic operations',
    '(module (memory 1) (func (i32.atomic.store (i32.const 0) (i32.const 1))))',
  ],
  ['has a function with as many locals as there may be', manyLocals(50_000)],
])('a module that %s is not tracked', async (_, wat) => {
  expect(trackDirtyBlocks(await assemble(wat))).toBeUndefined();
});

test('a module is tracked up to the maximum number of locals, and beside types that are not functions', async () => {
  const bytes = trackDirtyBlocks(await assemble(manyLocals(49_998)))!;
  expect(WebAssembly.validate(bytes as BufferSource)).toBe(true);
  const managed = `(module (type (struct)) (rec (type $f (sub (func (param i32)))) (type (array i8))) (memory 1)
    (func (export "store") (type $f) (local i64) (i64.store (local.get 0) (i64.const 7))))`;
  const core = await instantiate(managed);
  const instance = restorable(core);
  (core.exports.store as (at: number) => void)(9000);
  instance.restore();
  expect(instance.written).toBe(1);
  instance.assertRestored();
});

test('a module without memory is unchanged', async () => {
  const bytes = await assemble('(module (func (export "f")))');
  expect(trackDirtyBlocks(bytes)).toBe(bytes);
});
