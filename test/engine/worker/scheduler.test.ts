import { describe, expect, test } from 'vitest';
import { Guest } from '../../../host/index.ts';
import type { GlueState } from '../../../src/component/glue-state.ts';
import { ScheduledGuest } from '../../../src/engine/worker/scheduled-guest.ts';
import { createScheduler } from '../../../src/engine/worker/scheduler.ts';

/** Keeps the thread busy for so many milliseconds, as a guest whose calls never wait. */
async function busy(guest: Guest, milliseconds: number): Promise<number> {
  const end = performance.now() + milliseconds;
  let calls = 0;
  for (; performance.now() < end; calls += 1) {
    const answer = guest.yieldIfDue(() => 1);
    if (answer !== 1) await answer;
  }
  return calls;
}

function guests(count: number, maySuspend = true): Guest[] {
  const scheduler = createScheduler({ messageWaits: () => false });
  return Array.from({ length: count }, () => {
    const share = new ScheduledGuest(scheduler, { timeout: 60_000, streamIdle: 60_000 });
    const guest = new Guest(share);
    share.connect(guest, { maySuspend } as GlueState);
    return guest;
  });
}

/** The median delay of a timer: the machine itself delays some. */
async function typicalGap(work: () => Promise<unknown>): Promise<number> {
  const gaps: number[] = [];
  let last = performance.now();
  const tick = (): void => {
    gaps.push(performance.now() - last);
    last = performance.now();
  };
  const timer = setInterval(tick, 1);
  await work();
  tick();
  clearInterval(timer);
  return gaps.sort((a, b) => a - b)[gaps.length >> 1]!;
}

describe('guests whose calls never wait', () => {
  test.each([1, 12])('%i of them do not block the event loop for long', async (count) => {
    let calls: number[] = [];
    const gap = await typicalGap(async () => {
      calls = await Promise.all(guests(count).map((guest) => busy(guest, 500)));
    });
    expect(gap).toBeLessThan(150);
    for (const count of calls) expect(count).toBeGreaterThan(100);
  });

  test('continue at once while they are quick', () => {
    const [guest] = guests(1) as [Guest];
    const answers = Array.from({ length: 1000 }, (_, call) => guest.yieldIfDue(() => call));
    expect(answers.filter((answer) => typeof answer !== 'number').length).toBeLessThan(10);
  });

  test('do not wait if they cannot be suspended', async () => {
    const [guest] = guests(1, false) as [Guest];
    const end = performance.now() + 30;
    while (performance.now() < end) expect(guest.yieldIfDue(() => 1)).toBe(1);
  });

  test('trap if they were ended meanwhile', async () => {
    const [guest] = guests(1) as [Guest];
    const end = performance.now() + 1000;
    let answer: unknown = 1;
    while (answer === 1 && performance.now() < end) answer = guest.yieldIfDue(() => 1);
    guest.end('too slow');
    await expect(answer).rejects.toThrow('too slow');
  });
});
