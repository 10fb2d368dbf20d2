import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createSpareTime } from '../../../src/engine/worker/spare-time.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** How often something is called in five seconds that takes so many milliseconds and is wanted again each time. */
function calls(took: number, soon = true, messageWaits = (): boolean => false): number {
  const spareTime = createSpareTime(messageWaits);
  let count = 0;
  const call = (): void => {
    count += 1;
    // The clock moves, and no timer is due meanwhile.
    vi.advanceTimersByTime(took);
    spareTime.whenCalm(call, soon);
  };
  spareTime.whenCalm(call, soon);
  vi.advanceTimersByTime(5000);
  const before = count;
  spareTime.cancel();
  vi.advanceTimersByTime(5000);
  expect(count).toBe(before);
  return count;
}

test('what is wanted soon is done every 20 ms, and otherwise once a second', () => {
  expect(calls(0)).toBe(250);
  expect(calls(0, false)).toBe(5);
});

test('what takes long takes a twentieth of the time at most', () => {
  const count = calls(50);
  expect(count * 50).toBeGreaterThan(0);
  expect(count * 50).toBeLessThanOrEqual(300);
});

test('nothing is done while messages wait', () => {
  let left = 10;
  expect(calls(0, true, () => left-- > 0)).toBe(240);
});
