import { describe, expect, test, vi } from 'vitest';
import { LIMIT, setUp, started, starting } from './stage.ts';

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
