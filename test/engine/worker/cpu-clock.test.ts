import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { CpuClock } from '../../../src/engine/worker/cpu-clock.ts';
import { GuestDeadline } from '../../../src/engine/worker/guest-deadline.ts';
import { StartTimes } from '../../../src/engine/worker/start-times.ts';

describe('the processor time of a request', () => {
  test('is the time for which its guest has the thread', () => {
    const clock = new CpuClock({ freed: 0 });
    clock.restart(10);
    expect(clock.used(15)).toBe(5);
    clock.stop(20);
    expect(clock.used(100)).toBe(10);
    clock.resume(100);
    clock.resume(101);
    expect(clock.used(103)).toBe(13);
    clock.restart(200);
    expect(clock.used(201)).toBe(1);
  });

  test('begins when the guest that has the thread gives it up', () => {
    const thread = { freed: 0 };
    const [first, second] = [new CpuClock(thread), new CpuClock(thread)];
    first.restart(0);
    second.restart(0);
    second.stop(0);
    second.resume(5);
    first.stop(8);
    expect(second.used(10)).toBe(2);
    expect(first.used(10)).toBe(8);
  });

  test('does not run while nobody has started it', () => {
    const clock = new CpuClock({ freed: 0 });
    clock.stop(5);
    expect(clock.used(10)).toBe(0);
  });
});

describe('the deadline of a guest', () => {
  function deadline(now: number) {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const at = (time: number): void => void vi.advanceTimersByTime(time - performance.now());
    at(now);
    return { made: new GuestDeadline({ timeout: 100, streamIdle: 1000 }), at };
  }

  test('is that of a request while it is instantiated, then the one of its request', () => {
    const { made } = deadline(5);
    expect(made.due).toBe(105);
    made.begin(60);
    expect(made.due).toBe(60);
    expect(made.message).toBe('the guest did not respond within 100 ms');
  });

  test('is counted again with each part of a stream, and from its end', () => {
    const { made, at } = deadline(0);
    made.begin(100);
    at(10);
    made.progress();
    expect(made.due).toBe(100);
    made.enter('streaming');
    expect(made.due).toBe(1010);
    at(500);
    made.received();
    expect(made.due).toBe(1010);
    made.progress();
    expect(made.due).toBe(1500);
    made.enter('over');
    expect(made.due).toBe(600);
    at(550);
    made.enter('streaming');
    made.progress();
    expect(made.due).toBe(600);
  });

  test('is counted again while the client sends the body', () => {
    const { made, at } = deadline(0);
    made.begin(100);
    at(90);
    made.received();
    expect(made.due).toBe(190);
  });
});

test('later instances may take ten times as long as the longest before, and at least a moment', () => {
  const times = new StartTimes();
  expect(times.longest).toBe(Number.POSITIVE_INFINITY);
  times.took(1);
  expect(times.longest).toBe(100);
  times.took(30);
  times.took(2);
  expect(times.longest).toBe(300);
});
