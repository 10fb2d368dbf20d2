import { expect, test } from 'vitest';
import { ThreadLoad } from '../../../src/engine/main/thread-load.ts';

/** A thread that was active for these fractions of the time, one for each sample. */
function sampled(...fractions: readonly number[]): boolean[] {
  const left = [...fractions];
  const load = new ThreadLoad((now) => ({
    idle: 0,
    active: 0,
    utilization: now === undefined ? 0 : left.shift()!,
  }));
  return fractions.map(() => {
    load.sample();
    return load.isBusy;
  });
}

test('a thread is busy from almost half of its time on, until it has much less to do', () => {
  expect(sampled(0.2, 0.4, 0.5, 0.4, 0.35, 0.2, 0.4, 0.9)).toEqual([
    ...[false, false, true, true, true, false, false, true],
  ]);
});

test('a thread that has waited since the last sample is not busy', async () => {
  const load = new ThreadLoad();
  const end = performance.now() + 20;
  while (performance.now() < end);
  load.sample();
  await new Promise((resolve) => setTimeout(resolve, 100));
  load.sample();
  expect(load.isBusy).toBe(false);
});
