import { expect, test } from 'vitest';
import { StartTimes } from '../../../src/engine/worker/start-times.ts';
import { LONGEST_HOLD, ThreadHold } from '../../../src/engine/worker/thread-hold.ts';

function hold(): { readonly hold: ThreadHold; run(wall: number, cpu?: number): boolean } {
  let [now, used] = [1000, 0];
  const hold = new ThreadHold(() => used);
  const run = (wall: number, cpu = wall): boolean => {
    now += wall;
    used += cpu;
    return hold.lasts(now);
  };
  return { hold, run };
}

test('a guest holds its thread too long after the limit, counted from its first question', () => {
  const { run } = hold();
  expect([run(500), run(LONGEST_HOLD - 1), run(1)]).toEqual([false, false, true]);
});

test('time in which the thread waits for a processor does not count', () => {
  const { run } = hold();
  expect([run(0), run(5000, 50), run(5000, 49), run(5000, 1)]).toEqual([false, false, false, true]);
});

test('a guest that was suspended in between has not held it', () => {
  const { hold: held, run } = hold();
  expect([run(0), run(LONGEST_HOLD - 1)]).toEqual([false, false]);
  held.end();
  expect([run(50), run(LONGEST_HOLD - 1), run(1)]).toEqual([false, false, true]);
});

test('start functions may hold it as long as they need, and later ones not much longer than the longest before', () => {
  const times = new StartTimes();
  expect(times.longest).toBe(Number.POSITIVE_INFINITY);
  times.took(2);
  expect(times.longest).toBe(LONGEST_HOLD);
  times.took(50);
  times.took(10);
  expect(times.longest).toBe(500);
});
