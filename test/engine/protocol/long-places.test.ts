import { expect, test } from 'vitest';
import { createLongPlaces, workerPlaces } from '../../../src/engine/protocol/long-places.ts';

/** The sides of so many workers. */
function open(count: number) {
  const places = createLongPlaces(count);
  const memories = Array.from({ length: count }, () => places.open());
  return { places, memories, workers: memories.map(workerPlaces) };
}

test('without quick requests, the long-running guests of all workers run', () => {
  const { workers } = open(3);
  expect(workers.map((worker) => worker.take())).toEqual([true, true, true]);
});

test('beside quick requests, one worker is free of long-running guests, which take turns', () => {
  const { workers } = open(3);
  const [first, second, third] = workers;
  first!.finishedQuickly(true);
  expect(workers.map((worker) => worker.take())).toEqual([true, true, false]);
  // It has its place until it gives it back.
  expect(first!.take()).toBe(true);
  first!.give();
  first!.give();
  expect([third!.take(), first!.take(), second!.take()]).toEqual([true, false, true]);
});

test('a single worker always has its place', () => {
  const [only] = open(1).workers;
  only!.finishedQuickly(true);
  expect(only!.take()).toBe(true);
});

test('the place of a worker that has exited is free, and waiting workers are notified', async () => {
  const { places, memories, workers } = open(2);
  const [first, second] = workers;
  first!.finishedQuickly(true);
  expect([first!.take(), second!.take()]).toEqual([true, false]);
  const freed = second!.wait();
  expect(first!.wanted).toBe(true);
  places.close(memories[0]!);
  await freed;
  expect([second!.take(), second!.wanted]).toEqual([true, false]);
});

test('a worker that has exited no longer waits for a place', () => {
  const { places, memories, workers } = open(2);
  const [first, second] = workers;
  first!.finishedQuickly(true);
  first!.take();
  void second!.wait();
  places.close(memories[1]!);
  expect(first!.wanted).toBe(false);
});

test('short requests are expected in all workers once one has finished, and not after those that compute', () => {
  const { workers } = open(2);
  const expected = (): boolean[] => workers.map(({ expectsShort }) => expectsShort);
  workers[0]!.finishedQuickly(false);
  expect(expected()).toEqual([false, false]);
  workers[0]!.finishedQuickly(true);
  expect(expected()).toEqual([true, true]);
});
