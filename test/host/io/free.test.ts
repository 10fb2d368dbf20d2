import { expect, test } from 'vitest';
import { free } from '../../../host/io/free.ts';

test('frees a chunk that owns its buffer, also when called twice', () => {
  const chunk = new Uint8Array(64 * 1024);
  free(chunk);
  free(chunk);
  expect(chunk.buffer.detached).toBe(true);
});

test('keeps a buffer of which a chunk is only a part', () => {
  const whole = new Uint8Array(64 * 1024).fill(1);
  free(whole.subarray(0, 32 * 1024));
  free(whole.subarray(32 * 1024));
  const shared = new Uint8Array(new SharedArrayBuffer(64 * 1024)).fill(1);
  free(shared);
  expect([whole.at(-1), shared.at(-1)]).toEqual([1, 1]);
});
