import { expect, test } from 'vitest';
import { MessageCounts } from '../../../src/engine/protocol/message-counts.ts';

test('show both sides whether the worker takes its messages', () => {
  const counts = new MessageCounts();
  const worker = new MessageCounts(counts.memory);
  expect([counts.waiting, worker.waiting]).toEqual([0, 0]);
  counts.sent();
  counts.sent();
  expect([counts.taken, counts.waiting, worker.waiting]).toEqual([0, 2, 2]);
  worker.take();
  expect([counts.taken, counts.waiting, worker.waiting]).toEqual([1, 1, 1]);
  worker.take();
  expect([counts.taken, counts.waiting, worker.waiting]).toEqual([2, 0, 0]);
});

test('do not show a message as waiting that was taken before it was counted', () => {
  const counts = new MessageCounts();
  const worker = new MessageCounts(counts.memory);
  worker.take();
  expect(worker.waiting).toBe(0);
  counts.sent();
  expect([counts.waiting, worker.waiting]).toEqual([0, 0]);
});

test('continue when they wrap around', () => {
  const counts = new MessageCounts();
  const worker = new MessageCounts(counts.memory);
  new Int32Array(counts.memory).fill(0x7fff_ffff);
  counts.sent();
  expect([counts.waiting, worker.waiting]).toEqual([1, 1]);
  worker.take();
  expect([counts.waiting, worker.waiting]).toEqual([0, 0]);
});

test('show which guest has the thread', () => {
  const counts = new MessageCounts();
  new MessageCounts(counts.memory).resumes(7);
  expect(counts.runs).toBe(7);
});
