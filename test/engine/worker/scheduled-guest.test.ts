import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Guest } from '../../../host/index.ts';
import type { GlueState } from '../../../src/component/glue-state.ts';
import { ScheduledGuest } from '../../../src/engine/worker/scheduled-guest.ts';
import type { Scheduler } from '../../../src/engine/worker/scheduler.ts';
import type { Meter } from '../../../src/metering/meter.ts';

const LIMITS = { timeout: 1000, streamIdle: 200 };
const TRAP = -1;
const WAIT = 0;

/** A guest that is due at any question, and whose turn comes when the test says so. */
function scheduledGuest(glue: Partial<GlueState> = { maySuspend: true, mayInterrupt: true }) {
  const turn = Promise.withResolvers<void>();
  let withdrawn = 0;
  const scheduler: Scheduler = {
    begin() {},
    isDue: () => true,
    next: () => turn.promise,
    withdraw() {
      withdrawn += 1;
    },
    finish() {},
  };
  const scheduled = new ScheduledGuest(scheduler, LIMITS);
  const guest = new Guest(scheduled);
  scheduled.connect(guest, glue as GlueState);
  scheduled.accept(1, performance.now() + LIMITS.timeout);
  guest.begin();
  return { scheduled, guest, resume: turn.resolve, withdrawn: () => withdrawn };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a guest that asks in its code', () => {
  test('waits for its turn, and continues', async () => {
    const { scheduled, resume } = scheduledGuest();
    expect(scheduled.tick()).toBe(WAIT);
    const waiting = scheduled.wait();
    resume();
    expect(await waiting).toBeGreaterThan(0);
  });

  test('continues if it cannot be suspended, and is withdrawn from the queue if that was not known', () => {
    const { scheduled, withdrawn } = scheduledGuest({ maySuspend: true, mayInterrupt: false });
    expect(scheduled.tick()).toBeGreaterThan(0);
    expect(scheduled.cannotWait()).toBeGreaterThan(0);
    expect(withdrawn()).toBe(1);
  });

  test('asks after a host function if it has not asked for a while', async () => {
    const { scheduled, guest, resume } = scheduledGuest();
    let asked = 0;
    const meter = {
      refuel() {},
      used: 0,
      askSoon() {
        asked += 1;
      },
    };
    scheduled.instantiates(meter as unknown as Meter, 1000);
    // The first time is when the host notes the time.
    guest.checkDependent();
    vi.advanceTimersByTime(1);
    guest.checkDependent();
    expect(asked).toBe(1);
    scheduled.tick();
    guest.checkDependent();
    expect(asked).toBe(1);
    // While it waits it has not kept anybody from the thread.
    const waiting = scheduled.wait();
    vi.advanceTimersByTime(100);
    resume();
    await waiting;
    guest.checkDependent();
    expect(asked).toBe(1);
    vi.advanceTimersByTime(1);
    guest.checkDependent();
    expect(asked).toBe(2);
  });

  test('traps if it was ended, even while it waits', async () => {
    const { scheduled, guest, resume } = scheduledGuest();
    const waiting = scheduled.wait();
    guest.end('no longer wanted');
    resume();
    expect([await waiting, scheduled.tick(), scheduled.failure]).toEqual([TRAP, TRAP, undefined]);
  });

  test('traps at its deadline, suspended or not', async () => {
    const { scheduled, resume } = scheduledGuest();
    const waiting = scheduled.wait();
    vi.advanceTimersByTime(LIMITS.timeout - 1);
    expect(scheduled.tick()).not.toBe(TRAP);
    vi.advanceTimersByTime(1);
    resume();
    expect([await waiting, scheduled.tick()]).toEqual([TRAP, TRAP]);
    expect(scheduled.failure).toEqual({
      code: 'guest-timeout',
      message: 'the guest did not respond within 1000 ms',
    });
  });
});

describe('a guest that cannot be suspended where it is', () => {
  /** Uses the processor for so long. */
  function compute(milliseconds: number): void {
    const used = (): number => process.threadCpuUsage().user / 1000;
    const end = used() + milliseconds;
    while (used() < end);
    vi.advanceTimersByTime(milliseconds);
  }

  test('traps when it has held its thread too long, wherever that was found out', () => {
    for (const [mayInterrupt, question] of [
      [false, 'tick'],
      [true, 'cannotWait'],
    ] as const) {
      const { scheduled, guest } = scheduledGuest({ maySuspend: true, mayInterrupt });
      expect(scheduled[question]()).toBeGreaterThan(0);
      compute(120);
      expect(scheduled[question]()).toBe(TRAP);
      expect(scheduled.failure).toEqual({
        code: 'guest-timeout',
        message: 'the guest computed for more than 100 ms where it cannot be suspended',
      });
      guest.begin();
      expect([scheduled.failure, scheduled[question]() > 0]).toEqual([undefined, true]);
    }
  });

  test('is not trapped with raw glue, below which nothing can be suspended', () => {
    const { scheduled, guest } = scheduledGuest();
    scheduled.connect(guest, undefined);
    expect(scheduled.tick()).toBeGreaterThan(0);
    compute(120);
    expect(scheduled.tick()).toBeGreaterThan(0);
  });
});

describe('the deadline of a guest', () => {
  /** Milliseconds until it traps. */
  function left({ scheduled }: { readonly scheduled: ScheduledGuest }): number {
    return Math.round(scheduled.deadline.due - performance.now());
  }

  test('is extended when the response begins, progresses and ends', () => {
    const one = scheduledGuest();
    const { deadline } = one.scheduled;
    vi.advanceTimersByTime(900);
    expect(left(one)).toBe(100);
    deadline.enter('streaming');
    expect([left(one), deadline.message]).toEqual([200, 'the response made no progress within 200 ms']);
    vi.advanceTimersByTime(150);
    deadline.progress();
    expect(left(one)).toBe(200);
    deadline.enter('over');
    expect([left(one), deadline.message]).toEqual([
      1000,
      'the guest did not return within 1000 ms after its response ended',
    ]);
  });

  test('is not extended otherwise', () => {
    const one = scheduledGuest();
    const { deadline } = one.scheduled;
    vi.advanceTimersByTime(300);
    deadline.progress();
    expect(left(one)).toBe(700);
    deadline.enter('over');
    vi.advanceTimersByTime(300);
    deadline.enter('over');
    deadline.progress();
    deadline.received();
    expect(left(one)).toBe(700);
  });

  test('is extended by each part of a body that is read before the response', () => {
    const one = scheduledGuest();
    vi.advanceTimersByTime(900);
    one.scheduled.deadline.received();
    expect(left(one)).toBe(1000);
  });
});
