import { describe, expect, test } from 'vitest';
import { createCallStack } from '../../../src/component/glue-runtime/call-stack.ts';
import { createMemoryReader } from '../../../src/component/glue-runtime/memory-reader.ts';
import { createMemoryViews } from '../../../src/component/glue-runtime/memory-views.ts';
import { createSuspension } from '../../../src/component/glue-runtime/suspension.ts';

test('views follow a memory that grows', () => {
  const memory = new WebAssembly.Memory({ initial: 0, maximum: 2 });
  const { bytes, view } = createMemoryViews(() => memory);
  expect(bytes().length).toBe(0);
  memory.grow(1);
  expect(bytes().length).toBe(65536);
  view().setUint8(65535, 7);
  memory.grow(1);
  expect([bytes().length, bytes()[65535], view().getUint8(65535)]).toEqual([131072, 7, 7]);
  expect(bytes()).toBe(bytes());
});

test('writes, and nothing else, are marked in the dirty map of a memory', () => {
  const memory = new WebAssembly.Memory({ initial: 2 });
  const dirtyMap = new WebAssembly.Memory({ initial: 17 });
  Object.assign(memory, { [Symbol.for('wasmcp-node.dirty-map')]: dirtyMap });
  const { bytes, view, writer, target } = createMemoryViews(() => memory);
  const marked = (): number[] => {
    const all = new Uint8Array(dirtyMap.buffer);
    const blocks = [...all.keys()].filter((at) => all[at] === 1).map((at) => at - 16);
    all.fill(0);
    return blocks;
  };
  expect([bytes()[5], view().getInt8(5), marked()]).toEqual([0, 0, []]);
  const sizes = { Int8: 1, Uint8: 1, Int16: 2, Uint16: 2, Int32: 4, Uint32: 4, Float32: 4, Float64: 8 };
  for (const kind of Object.keys(sizes) as (keyof typeof sizes)[]) {
    writer()[`set${kind}`](8192, 100, true);
    expect([kind, view()[`get${kind}`](8192, true), marked()]).toEqual([kind, 100, [2]]);
  }
  for (const kind of ['BigInt64', 'BigUint64'] as const) {
    writer()[`set${kind}`](4095, 5n, true);
    expect([kind, view()[`get${kind}`](4095, true), marked()]).toEqual([kind, 5n, [0]]);
  }
  target(4096, 4096 * 3).fill(3);
  expect(marked()).toEqual([1, 2, 3]);
  target(20_000, 0);
  expect(marked()).toEqual([]);
});

describe('contents', () => {
  const callStack = createCallStack(1, { value: 0 }, { value: 0 });
  const { string, list } = createMemoryReader(callStack, createSuspension(callStack));
  const bytes = new Uint8Array(100);
  const put = (text: string | Uint8Array): number => {
    bytes.fill(0);
    bytes.set(Buffer.from(text), 10);
    return Buffer.from(text).length;
  };

  test.each([
    '',
    'short',
    '\ufefftext',
    'grün',
    '€ and 🦀',
    'x'.repeat(24),
    'x'.repeat(25),
    `${'ü'.repeat(30)}`,
  ])('%j is read unchanged', (text) => {
    expect(string(bytes, 10, put(text))).toBe(text);
  });

  test.each([[[0xff]], [[0x41, 0xc3]], [[0xed, 0xa0, 0x80]], [[...new Uint8Array(30), 0x80]]])(
    '%j is not text',
    (invalid) => {
      const length = put(Uint8Array.from(invalid));
      expect(() => string(bytes, 10, length)).toThrow(WebAssembly.RuntimeError);
      expect(callStack.isDead()).toBe(true);
    },
  );

  test.each([
    [95, 6],
    [101, 0],
    [-1, 1],
    [0, -1],
    [-4, 8],
  ])('%i, %i is outside', (pointer, length) => {
    expect(() => string(bytes, pointer, length)).toThrow('out of bounds');
    expect(() => list(bytes, pointer, length)).toThrow('out of bounds');
  });

  test('a list is a copy', () => {
    put(Uint8Array.of(1, 2, 3));
    const copy = list(bytes, 10, 3);
    bytes.fill(9);
    expect(copy).toEqual(Uint8Array.of(1, 2, 3));
    expect(list(bytes, 100, 0)).toEqual(new Uint8Array());
  });
});
