import { expect, test } from 'vitest';
import { createMessageCounts, workerMessageCounts } from '../../../src/engine/protocol/message-counts.ts';

test('show both sides whether the worker takes its messages', () => {
  const counts = createMessageCounts();
  const worker = workerMessageCounts(counts.memory);
  expect([counts.answered, worker.waits()]).toEqual([true, false]);
  counts.sent();
  counts.sent();
  expect([counts.taken, counts.answered, worker.waits()]).toEqual([0, false, true]);
  worker.take();
  expect([counts.taken, counts.answered, worker.waits()]).toEqual([1, false, true]);
  worker.take();
  expect([counts.taken, counts.answered, worker.waits()]).toEqual([2, true, false]);
});

test('do not show a message as waiting that was taken before it was counted', () => {
  const counts = createMessageCounts();
  const worker = workerMessageCounts(counts.memory);
  worker.take();
  expect(worker.waits()).toBe(false);
  counts.sent();
  expect([counts.answered, worker.waits()]).toEqual([true, false]);
});

test('continue when they wrap around', () => {
  const counts = createMessageCounts();
  const worker = workerMessageCounts(counts.memory);
  new Int32Array(counts.memory).fill(0x7fff_ffff);
  counts.sent();
  expect([counts.answered, worker.waits()]).toEqual([false, true]);
  worker.take();
  expect([counts.answered, worker.waits()]).toEqual([true, false]);
});

test('show which guest has the thread', () => {
  const counts = createMessageCounts();
  workerMessageCounts(counts.memory).runs(7);
  expect(counts.runs).toBe(7);
});
