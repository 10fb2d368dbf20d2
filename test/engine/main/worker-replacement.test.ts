import { describe, expect, test, vi } from 'vitest';
import type { InFlightRequest } from '../../../src/engine/main/in-flight-request.ts';
import { LIMIT, type Stage, setUp, started } from './stage.ts';

setUp();

describe('one more worker', () => {
  /** Guests compute in the first worker until there is another one, which takes a request. */
  async function reinforced(): Promise<Stage & { compute(milliseconds: number): void }> {
    const stage = await started(1, 2);
    const { supervisor, actors } = stage;
    function compute(milliseconds: number): void {
      for (let t = 0; t < milliseconds; t += 50) {
        vi.advanceTimersByTime(50);
        for (const one of actors) if (one.load > 0) one.computed += 50;
        supervisor.adjust();
      }
    }
    supervisor.adjust();
    actors[0]!.load = 3;
    compute(200);
    await actors[1]!.start();
    expect(supervisor.freest(LIMIT)).toBe(actors[1]!.handle);
    actors[1]!.load = 1;
    return { ...stage, compute };
  }

  test('comes in while guests that compute fill the others, and ends after its last request', async () => {
    const { supervisor, actors, log, compute } = await reinforced();
    compute(10_000);
    expect(supervisor.counts()).toEqual({ guests: 4, serving: 2, starting: 0 });
    actors[0]!.load = 0;
    compute(500);
    // The remaining guest waits for something.
    actors[1]!.load = 0;
    compute(0);
    await vi.advanceTimersByTimeAsync(10_000);
    expect([actors[0]!.closed, actors[1]!.closed, log]).toEqual([false, true, []]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('takes no request once it is not needed, and is back if it is needed before it has ended', async () => {
    const { supervisor, actors, log, compute } = await reinforced();
    actors[0]!.load = 0;
    vi.advanceTimersByTime(10_000);
    actors[1]!.load = 3;
    expect([supervisor.freest(LIMIT), supervisor.counts().serving]).toEqual([actors[0]!.handle, 1]);
    actors[0]!.load = 3;
    compute(200);
    expect(supervisor.counts()).toEqual({ guests: 6, serving: 2, starting: 0 });
    expect(actors.length).toBe(2);
    actors[0]!.load = actors[1]!.load = 1;
    vi.advanceTimersByTime(10_000);
    actors[1]!.end();
    expect([actors[1]!.closed, log]).toEqual([true, []]);
  });
});

describe('a worker that dies', () => {
  test('is replaced at once, and its requests fail', async () => {
    const { supervisor, actors, done, log } = await started(1);
    actors[0]!.die('it fell', [{ id: 3 }, { id: 5 }] as InFlightRequest[]);
    expect(supervisor.freest(LIMIT)).toBe(undefined);
    await actors[1]!.start();
    expect(supervisor.freest(LIMIT)).toBe(actors[1]!.handle);
    expect(done).toEqual(['3: it fell', '5: it fell']);
    expect(log).toEqual([]);
  });

  test('without requests leaves a line in the log', async () => {
    const { actors, log } = await started(1);
    actors[0]!.die('it fell');
    expect(log).toEqual(['it fell']);
  });

  test('is replaced later, if the system has no more threads now', async () => {
    const stage = await started(1);
    const { actors, supervisor, log } = stage;
    stage.refusal = new Error('pthread_create');
    actors[0]!.die('it fell');
    expect(log).toEqual(['it fell', 'cannot start a worker thread: pthread_create']);
    stage.refusal = undefined;
    vi.advanceTimersByTime(1000);
    await actors[1]!.start();
    expect(supervisor.freest(LIMIT)).toBe(actors[1]!.handle);
  });
});
