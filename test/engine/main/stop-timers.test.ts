import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { StopTimers } from '../../../src/engine/main/stop-timers.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A guest that was told to stop, in a process that gets this part of a processor. */
function stopping(part: number) {
  let makesProgress = false;
  let taken = 0;
  let isExcused = false;
  let givenUp = 0;
  const began = performance.now();
  const timers = new StopTimers({
    taken: () => (makesProgress ? ++taken : taken),
    isExcused: () => isExcused,
    used: () => (performance.now() - began) * part,
    giveUp() {
      givenUp += 1;
    },
  });
  timers.add(1);
  return {
    timers,
    isLost: () => givenUp > 0,
    progress(is: boolean) {
      makesProgress = is;
    },
    excuse(is: boolean) {
      isExcused = is;
    },
  };
}

test('a worker that takes no message is given up after 500 ms, if this process has run meanwhile', () => {
  const { isLost } = stopping(1);
  vi.advanceTimersByTime(499);
  expect(isLost()).toBe(false);
  vi.advanceTimersByTime(1);
  expect(isLost()).toBe(true);
});

test('on a busy machine it has as much of the processor, however long that takes', () => {
  const { isLost } = stopping(0.1);
  vi.advanceTimersByTime(2499);
  expect(isLost()).toBe(false);
  vi.advanceTimersByTime(1);
  expect(isLost()).toBe(true);
});

test('a worker that makes progress has time again, but not forever', () => {
  const { isLost, progress } = stopping(1);
  progress(true);
  vi.advanceTimersByTime(9_999);
  expect(isLost()).toBe(false);
  vi.advanceTimersByTime(1);
  expect(isLost()).toBe(true);
});

test('a worker that cannot take messages for another reason has time again, too', () => {
  const { isLost, excuse } = stopping(1);
  excuse(true);
  vi.advanceTimersByTime(600);
  excuse(false);
  expect(isLost()).toBe(false);
  vi.advanceTimersByTime(400);
  expect(isLost()).toBe(true);
});

test('progress before a guest was told to stop gives it no more time', () => {
  const { timers, isLost, progress } = stopping(1);
  timers.delete(1);
  progress(true);
  timers.add(2);
  timers.add(3);
  progress(false);
  timers.delete(2);
  vi.advanceTimersByTime(500);
  expect(isLost()).toBe(true);
});

test('nothing is given up once the guest has stopped', () => {
  const { timers, isLost } = stopping(1);
  expect(timers.size).toBe(1);
  timers.delete(1);
  vi.advanceTimersByTime(20_000);
  expect([timers.size, isLost()]).toEqual([0, false]);
});

test('a guest that was told to stop twice, and has stopped, does not cost its worker', () => {
  const { timers, isLost } = stopping(1);
  vi.advanceTimersByTime(250);
  timers.add(1);
  timers.delete(1);
  vi.advanceTimersByTime(20_000);
  expect([timers.size, isLost()]).toEqual([0, false]);
});
