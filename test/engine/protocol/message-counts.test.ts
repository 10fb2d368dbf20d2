import { expect, test } from 'vitest';
import { createMessageCounts, workerMessageCounts } from '../../../src/engine/protocol/message-counts.ts';

test('shows whether the worker takes its messages', () => {
  const pulse = createMessageCounts();
  const worker = workerMessageCounts(pulse.memory);
  pulse.sent('request');
  pulse.sent('body');
  expect([pulse.taken, pulse.answered]).toEqual([0, false]);
  worker.take();
  expect([pulse.taken, pulse.answered]).toEqual([1, false]);
  worker.take();
  expect([pulse.taken, pulse.answered]).toEqual([2, true]);
});

test('withdrawn requests are not begun, and later ones are', () => {
  const pulse = createMessageCounts();
  const worker = workerMessageCounts(pulse.memory);
  for (let i = 0; i < 5; i++) pulse.sent('request');
  expect([worker.begin(), worker.begin()]).toEqual([true, true]);
  expect(pulse.withdraw()).toBe(3);
  expect([worker.begin(), worker.begin(), worker.begin()]).toEqual([false, false, false]);
  expect(pulse.withdraw()).toBe(0);
  worker.reopen();
  pulse.sent('request');
  expect(worker.begin()).toBe(true);
  expect(pulse.withdraw()).toBe(0);
});

test('keeps counting when its counters wrap around', () => {
  const pulse = createMessageCounts();
  const worker = workerMessageCounts(pulse.memory);
  // The worker has begun 2^30 - 1 more than were sent, which is one less.
  new Int32Array(pulse.memory).set([0x3fff_ffff, 0x7fff_ffff]);
  expect(worker.begin()).toBe(true);
  worker.take();
  expect(pulse.taken).toBe(-0x8000_0000);
  pulse.sent('request');
  expect(pulse.withdraw()).toBe(1);
  expect(worker.begin()).toBe(false);
});
