import { describe, expect, test } from 'vitest';
import { capMemory, declareMaximums, memoryLimits } from '../../src/growth/memory-limit.ts';
import { trackDirtyBlocks } from '../../src/snapshot/dirty-tracking.ts';
import { concat } from '../../src/wasm/encode.ts';
import { assemble } from '../support/wat.ts';

const GROWER = (limits: string) =>
  `(module (memory ${limits}) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`;

async function grower(limits: string, cap: number): Promise<(pages: number) => number> {
  const bytes = capMemory(await assemble(GROWER(limits)), cap, false);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes as BufferSource));
  return exports.grow as (pages: number) => number;
}

describe('a capped memory', () => {
  test('grows up to the cap, and returns -1 beyond it', async () => {
    const grow = await grower('2', 5);
    expect([grow(2), grow(2), grow(1), grow(1), grow(0)]).toEqual([2, -1, 4, -1, 5]);
  });

  test('keeps a lower declared maximum, and loses a higher one', async () => {
    const low = await grower('1 3', 5);
    expect([low(2), low(1)]).toEqual([1, -1]);
    const high = await grower('1 60000', 5);
    expect([high(4), high(1)]).toEqual([1, -1]);
  });

  test('may have a cap above the largest possible memory', async () => {
    expect((await grower('1', 1_000_000))(1)).toBe(1);
  });

  test('may initially be as large as the cap', async () => {
    expect((await grower('5', 5))(1)).toBe(-1);
  });
});

test('every memory of a module is capped, and none that it imports', async () => {
  const bytes = await assemble(`(module (import "host" "m" (memory 1 100)) (memory 1) (memory 2 9)
    (func (export "grow") (result i32 i32 i32)
      (memory.grow 0 (i32.const 50)) (memory.grow 1 (i32.const 3)) (memory.grow 2 (i32.const 3))))`);
  const { exports } = new WebAssembly.Instance(
    new WebAssembly.Module(capMemory(bytes, 4, false) as BufferSource),
    {
      host: { m: new WebAssembly.Memory({ initial: 1, maximum: 100 }) },
    },
  );
  expect((exports.grow as () => number[])()).toEqual([1, 1, -1]);
});

test('dirty maps are not capped, but exports with their names are in a module that was not prepared', async () => {
  const bytes = trackDirtyBlocks(await assemble(GROWER('1')))!;
  expect(() => capMemory(bytes, 5, false)).toThrow(expect.objectContaining({ code: 'component-too-large' }));
  const module = new WebAssembly.Module(capMemory(bytes, 5, true) as BufferSource);
  const grow = new WebAssembly.Instance(module).exports.grow as (pages: number) => number;
  expect([grow(4), grow(1)]).toEqual([1, -1]);
});

test('a module without memories is unchanged', async () => {
  const bytes = await assemble('(module (func (export "f")))');
  expect(capMemory(bytes, 1, false)).toBe(bytes);
});

test('a memory whose initial size is above the cap is refused, with both sizes in MiB', async () => {
  const bytes = await assemble(GROWER('48'));
  expect(() => capMemory(bytes, 32, false)).toThrow(
    expect.objectContaining({
      code: 'component-too-large',
      message: expect.stringMatching(
        /an initial size of 3 MiB.* 2 MiB that --max-memory and --max-each-memory allow/,
      ),
    }),
  );
});

test.each(['1 2 shared', 'i64 1', 'i64 1 2'])(
  'a memory that cannot be limited is refused: %s',
  async (limits) => {
    const bytes = await assemble(`(module (memory ${limits}))`);
    expect(() => capMemory(bytes, 10, false)).toThrow(expect.objectContaining({ code: 'component-invalid' }));
  },
);

test('the limit of each memory is returned, without dirty maps', async () => {
  const module = await assemble('(module (memory 1 3) (memory 1 9) (memory 1))');
  const tracked = trackDirtyBlocks(module)!;
  expect(memoryLimits(tracked)).toEqual([3 * 65_536, 9 * 65_536, 4 * 1024 ** 3]);
  expect(memoryLimits(capMemory(tracked, 5, true))).toEqual([3 * 65_536, 5 * 65_536, 5 * 65_536]);
  expect(memoryLimits(await assemble('(module)'))).toEqual([]);
});

describe('in place', () => {
  test('memories that all have a maximum are capped without a copy, and can have a higher cap later', async () => {
    const bytes = trackDirtyBlocks(
      await assemble('(module (memory 1) (memory 300 400) (memory 200 65536))'),
    )!;
    const declared = concat(declareMaximums(bytes, true));
    expect(memoryLimits(declared)).toEqual(memoryLimits(bytes));
    const copy = declared.slice();
    expect(capMemory(copy, 300, true, true)).toBe(copy);
    expect(memoryLimits(copy)).toEqual([300, 300, 300].map((pages) => pages * 65_536));
    expect(copy).toHaveLength(declared.length);
    expect(WebAssembly.validate(copy as BufferSource)).toBe(true);
    expect(memoryLimits(declared)).toEqual(memoryLimits(bytes));
  });

  test('a module in which a maximum has no room is copied, and stays as it was', async () => {
    const bytes = await assemble('(module (memory 1 9) (memory 1))');
    const before = bytes.slice();
    const capped = capMemory(bytes, 5, false, true);
    expect(memoryLimits(capped)).toEqual([5 * 65_536, 5 * 65_536]);
    expect(bytes).toEqual(before);
  });

  test('a module without memories is in one part', async () => {
    const bytes = await assemble('(module (func))');
    expect(declareMaximums(bytes, true)).toEqual([bytes]);
  });

  test('without permission, nothing is overwritten', async () => {
    const bytes = concat(declareMaximums(await assemble('(module (memory 1))'), false));
    const before = bytes.slice();
    expect(memoryLimits(capMemory(bytes, 5, false))).toEqual([5 * 65_536]);
    expect(bytes).toEqual(before);
  });
});
