import { describe, expect, test, vi } from 'vitest';
import { LIMIT, type Machine, type Stage, setUp, started, starting } from './stage.ts';

setUp();

describe('the start', () => {
  test('settles with the first worker; the others are started then and join it', async () => {
    const { supervisor, ready, actors } = starting(3, 1);
    expect(actors.length).toBe(1);
    await actors[0]!.start();
    await ready;
    expect(actors.length).toBe(3);
    expect(supervisor.freest(LIMIT)).toBe(actors[0]!.handle);
    await actors[1]!.start();
    actors[0]!.load = 1;
    expect(supervisor.freest(LIMIT)).toBe(actors[1]!.handle);
    expect(supervisor.counts()).toEqual({ guests: 1, serving: 2, starting: 1 });
  });

  test('fails with the first worker, and starts no other', async () => {
    const { ready, actors } = starting(3, 1);
    await actors[0]!.fail('no memory');
    await expect(ready).rejects.toThrow('no memory');
    await vi.advanceTimersByTimeAsync(600_000);
    expect(actors.length).toBe(1);
  });

  test('does not fail with a later worker, which is retried with growing delays', async () => {
    const { supervisor, ready, actors, log } = starting(2, 1);
    await actors[0]!.start();
    await ready;
    const times: number[] = [];
    for (let begun = Date.now(); times.length < 7; begun = Date.now()) {
      const count = actors.length;
      await actors.at(-1)!.fail('no memory');
      while (actors.length === count) await vi.advanceTimersByTimeAsync(1000);
      times.push((Date.now() - begun) / 1000);
    }
    expect(times).toEqual([1, 2, 4, 8, 16, 30, 30]);
    expect(log).toEqual(Array(7).fill('no memory'));
    await actors.at(-1)!.start();
    actors[0]!.load = 1;
    expect(supervisor.freest(LIMIT)).toBe(actors.at(-1)!.handle);
  });

  test('may be followed by a close immediately: workers that are still starting end too', async () => {
    const { supervisor, ready, actors, living, log } = starting(3, 1);
    await actors[0]!.start();
    await ready;
    await supervisor.close();
    await vi.advanceTimersByTimeAsync(600_000);
    expect([living(), actors.length, log, vi.getTimerCount()]).toEqual([0, 3, [], 0]);
  });
});

test('the freest worker is the one with the fewest guests', async () => {
  const { supervisor, actors } = await started(2);
  actors[0]!.load = 2;
  actors[1]!.load = 1;
  expect(supervisor.freest(LIMIT)).toBe(actors[1]!.handle);
  expect(supervisor.freest(1)).toBe(undefined);
  actors[0]!.load = actors[1]!.load = 4;
  expect(supervisor.freest(LIMIT)).toBe(undefined);
});

test('closing ends workers that serve or start, and starts none', async () => {
  const { supervisor, actors, living, log } = await started(1);
  actors[0]!.die('it fell');
  await supervisor.close();
  await supervisor.close();
  await vi.advanceTimersByTimeAsync(600_000);
  expect([living(), actors.length, log, vi.getTimerCount()]).toEqual([0, 2, ['it fell'], 0]);
});

describe('while the main thread is busy with quick requests', () => {
  const mainLoad = { isBusy: true, sample() {} };

  async function busy(workers: number, machine: Machine = { mainLoad, processors: workers }): Promise<Stage> {
    const stage = await started(workers, workers, machine);
    stage.supervisor.adjust();
    return stage;
  }

  test('the last of as many workers as processors gets requests once another one has many, or no room', async () => {
    const { supervisor, actors } = await busy(2);
    for (let load = 0; load < 24; load += 1) {
      actors[0]!.load = load;
      expect(supervisor.freest(64)).toBe(actors[0]!.handle);
      expect(supervisor.freest(LIMIT)).toBe(actors[load < LIMIT ? 0 : 1]!.handle);
    }
    actors[0]!.load = 24;
    expect(supervisor.freest(64)).toBe(actors[1]!.handle);
    actors[1]!.load = 25;
    expect(supervisor.freest(64)).toBe(actors[0]!.handle);
    expect(supervisor.freest(LIMIT)).toBeUndefined();
  });

  test('a worker gets requests if it is alone, or the others are not available', async () => {
    const alone = await busy(1);
    expect(alone.supervisor.freest(LIMIT)).toBe(alone.actors[0]!.handle);
    const { supervisor, actors } = await busy(2);
    actors[0]!.die('ended');
    expect(supervisor.freest(LIMIT)).toBe(actors[1]!.handle);
  });

  test('all workers are alike if there is a processor for it', async () => {
    const { supervisor, actors } = await busy(2, { mainLoad, processors: 3 });
    actors[0]!.load = 1;
    expect(supervisor.freest(LIMIT)).toBe(actors[1]!.handle);
  });

  test('all workers are alike while guests compute, and once it is no longer busy', async () => {
    const load = { isBusy: true, sample() {} };
    const { supervisor, actors } = await busy(2, { mainLoad: load, processors: 2 });
    actors[0]!.load = 1;
    actors[0]!.computed += 3;
    supervisor.adjust();
    expect(supervisor.freest(LIMIT)).toBe(actors[1]!.handle);
    supervisor.adjust();
    expect(supervisor.freest(LIMIT)).toBe(actors[0]!.handle);
    load.isBusy = false;
    supervisor.adjust();
    expect(supervisor.freest(LIMIT)).toBe(actors[1]!.handle);
  });
});
