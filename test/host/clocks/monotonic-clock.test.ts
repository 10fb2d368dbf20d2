import { afterEach, describe, expect, test, vi } from 'vitest';
import { monotonicClock } from '../../../host/clocks/monotonic-clock.ts';
import { type Datetime, wallClock } from '../../../host/clocks/wall-clock.ts';
import { Guest, Signal } from '../../../host/index.ts';
import { Pollable, poll } from '../../../host/io/poll.ts';

interface Clock {
  now(): bigint;
  resolution(): bigint;
  subscribeInstant(when: bigint): Pollable;
  subscribeDuration(duration: bigint): Pollable;
}

const MS = 1_000_000n;
const clockOf = (guest: Guest): Clock => monotonicClock(guest) as unknown as Clock;

/** Timers of the event loop that are running. */
const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

afterEach(() => {
  vi.useRealTimers();
});

describe('monotonic-clock', () => {
  test('never goes back', () => {
    const clock = clockOf(new Guest());
    const readings = Array.from({ length: 100 }, () => clock.now());
    expect(readings).toEqual(readings.toSorted((a, b) => (a < b ? -1 : 1)));
    expect(clock.resolution()).toBeGreaterThan(0n);
  });

  test('never wakes early', async () => {
    const clock = clockOf(new Guest());
    const start = clock.now();
    const pollable = clock.subscribeDuration(20n * MS);
    expect(pollable.ready()).toBe(false);
    await pollable.block();
    expect(clock.now() - start).toBeGreaterThanOrEqual(20n * MS);
    expect(pollable.ready()).toBe(true);
  });

  test('is ready at once for a time in the past', () => {
    const clock = clockOf(new Guest());
    expect(clock.subscribeInstant(0n).ready()).toBe(true);
    expect(clock.subscribeDuration(0n).block()).toBeUndefined();
    expect(clock.subscribeInstant(2n ** 64n - 1n).ready()).toBe(false);
  });

  test('the shortest of many timers ends a poll', async () => {
    const clock = clockOf(new Guest());
    const pollables = [5000n, 10n, 6000n].map((ms) => clock.subscribeDuration(ms * MS));
    expect([...(await poll(pollables))]).toEqual([1]);
    for (const pollable of pollables) pollable[Symbol.dispose]();
  });

  test('waits longer than the longest timer of Node', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'hrtime'] });
    const days = 86_400_000;
    let woken = false;
    const pollable = clockOf(new Guest()).subscribeDuration(BigInt(60 * days) * MS);
    const blocked = Promise.resolve(pollable.block()).then(() => {
      woken = true;
    });
    await vi.advanceTimersByTimeAsync(59 * days);
    expect(woken).toBe(false);
    await vi.advanceTimersByTimeAsync(1 * days);
    expect(woken).toBe(true);
    await blocked;
  });

  test('thousands of them take one timer of the event loop, and leave none behind when the request ends', async () => {
    const guest = new Guest();
    const clock = clockOf(guest);
    const before = timers();
    const waiting = poll(Array.from({ length: 5000 }, () => clock.subscribeDuration(3_600_000n * MS)));
    expect(timers()).toBe(before + 1);
    guest.end('over');
    guest.release();
    await expect(waiting).rejects.toThrow('over');
    expect(timers()).toBe(before);
  });

  test('leaves no timer behind when something else ends the wait', async () => {
    const guest = new Guest();
    const changed = new Signal();
    let ready = false;
    const before = timers();
    const event = new Pollable({ guest, changed, ready: () => ready });
    const waiting = poll([clockOf(guest).subscribeDuration(3_600_000n * MS), event]);
    expect(timers()).toBe(before + 1);
    ready = true;
    changed.wake();
    expect([...(await waiting)]).toEqual([1]);
    expect(timers()).toBe(before);
  });
});

describe('wall-clock', () => {
  test('returns the time since 1970', () => {
    const clock = wallClock as unknown as { now(): Datetime; resolution(): Datetime };
    const before = Date.now();
    const { seconds, nanoseconds } = clock.now();
    const now = Number(seconds) * 1000 + nanoseconds / 1e6;
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now());
    expect(Number.isInteger(nanoseconds)).toBe(true);
    expect(clock.resolution()).toEqual({ seconds: 0n, nanoseconds: 1_000_000 });
  });
});
