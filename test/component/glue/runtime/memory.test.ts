import { describe, expect, test } from 'vitest';
import { createCalls } from '../../../../src/component/glue/runtime/calls.ts';
import { createContents } from '../../../../src/component/glue/runtime/contents.ts';
import { createMemoryViews } from '../../../../src/component/glue/runtime/memories.ts';

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

describe('contents', () => {
  const calls = createCalls(1, { value: 0 }, { value: 0 });
  const { string, list } = createContents(calls);
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
  ])('%j is read as it is', (text) => {
    expect(string(bytes, 10, put(text))).toBe(text);
  });

  test.each([[[0xff]], [[0x41, 0xc3]], [[0xed, 0xa0, 0x80]], [[...new Uint8Array(30), 0x80]]])(
    '%j is not text',
    (invalid) => {
      const length = put(Uint8Array.from(invalid));
      expect(() => string(bytes, 10, length)).toThrow(WebAssembly.RuntimeError);
      expect(calls.isDead()).toBe(true);
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
