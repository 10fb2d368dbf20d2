import { expect, test } from 'vitest';
import { RequestBody } from '../../../src/engine/worker/request-body.ts';

const SIZE = 64 * 1024;

/** A body, and whether the buffer of its chunk still exists. */
function bodyOf(chunk: Uint8Array) {
  const taken: number[] = [];
  const body = new RequestBody((bytes) => taken.push(bytes));
  body.push(chunk);
  return { body, taken, isFreed: () => (chunk.buffer as ArrayBuffer).detached };
}

test('a chunk that is read in parts is freed after the last one', () => {
  const { body, taken, isFreed } = bodyOf(new Uint8Array(SIZE).fill(7));
  const first = body.read(1000);
  body.spent!(first);
  expect(isFreed()).toBe(false);
  const rest = body.read(SIZE);
  expect([rest.length, rest[0]]).toEqual([SIZE - 1000, 7]);
  body.spent!(rest);
  expect(isFreed()).toBe(true);
  expect(taken).toEqual([1000, SIZE - 1000]);
});

test('bytes that will not be read are freed, and count as taken', () => {
  const { body, taken, isFreed } = bodyOf(new Uint8Array(SIZE));
  body.cancel();
  const late = new Uint8Array(SIZE);
  body.push(late);
  expect([isFreed(), late.buffer.detached]).toEqual([true, true]);
  expect(taken).toEqual([SIZE, SIZE]);
});

test.each([
  ['the first', 0],
  ['the last', 1],
])('a chunk of which other code keeps %s part is not freed', (_, kept) => {
  const { body, isFreed } = bodyOf(new Uint8Array(SIZE));
  const parts = [body.read(SIZE / 2), body.read(SIZE / 2)];
  body.spent!(parts[1 - kept]!);
  expect(isFreed()).toBe(false);
});

test('a buffer that contains more than the body is not freed', () => {
  const pool = new Uint8Array(SIZE).fill(7);
  const { body, isFreed } = bodyOf(pool.subarray(SIZE / 2));
  body.spent!(body.read(SIZE));
  expect(isFreed()).toBe(false);
});
