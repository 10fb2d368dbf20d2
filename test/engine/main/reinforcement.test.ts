import { expect, test } from 'vitest';
import { createReinforcement } from '../../../src/engine/main/reinforcement.ts';

/** Workers whose guests compute as the test says, sampled every 50 ms. */
function sampled(least: number, most: number) {
  const reinforcement = createReinforcement(least, most);
  const workers = Array.from({ length: least }, () => ({ load: 0, computed: 0 }));
  let now = 0;
  reinforcement.sample(workers, now);
  return {
    workers,
    reinforcement,
    /** The number of workers wanted after these milliseconds, in which each worker computes for this part of its time. */
    during(milliseconds: number, ...parts: readonly number[]): number {
      let wanted = 0;
      for (let t = 0; t < milliseconds; t += 50) {
        now += 50;
        workers.forEach((worker, n) => {
          worker.computed += 50 * (parts[n] ?? 0);
        });
        wanted = reinforcement.sample(workers, now);
      }
      return wanted;
    },
  };
}

test('another worker comes in once guests that compute have filled all others for a while', () => {
  const { workers, during } = sampled(2, 3);
  workers[0]!.load = workers[1]!.load = 4;
  expect(during(1000, 1, 0.3)).toBe(2);
  expect(during(50, 1, 1)).toBe(2);
  expect(during(50, 1, 1)).toBe(3);
  expect(during(1000, 1, 1)).toBe(3);
});

test('a guest that computes alone in its worker needs no other one', () => {
  const { workers, during } = sampled(1, 2);
  workers[0]!.load = 1;
  expect(during(1000, 1)).toBe(1);
});

test('it goes after some seconds in which the others would have done', () => {
  const { workers, reinforcement, during } = sampled(1, 2);
  workers[0]!.load = 4;
  expect(during(100, 1)).toBe(2);
  workers.push({ load: 2, computed: 0 });
  expect(during(10_000, 0.9, 0.9)).toBe(2);
  expect(during(2000, 0.3, 0.3)).toBe(2);
  expect(during(100, 0.9, 0.9)).toBe(2);
  expect(reinforcement.due).toBeGreaterThan(0);
  expect([during(2950, 0.3, 0.3), during(50, 0.3, 0.3)]).toEqual([2, 1]);
  expect(reinforcement.due).toBe(undefined);
});

test('there are never more than the most, nor fewer than the least', () => {
  const { workers, during } = sampled(1, 1);
  workers[0]!.load = 9;
  expect(during(1000, 1)).toBe(1);
  workers[0]!.load = 0;
  expect(during(10_000, 0)).toBe(1);
});
