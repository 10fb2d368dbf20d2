import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { openStore, type Store } from '../../../src/index.ts';
import { createClockStability } from '../../../src/mcp/sessions/clock-stability.ts';
import {
  createRetention,
  type RetentionSchedule,
  startRetention,
} from '../../../src/mcp/sessions/retention.ts';
import { temporaryFolder } from '../../support/command.ts';
import { collect, now, put, sessionIds } from './stored.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

describe('a scheduled purge', () => {
  let store: Store;
  let schedule: RetentionSchedule;
  /** Milliseconds that have passed, and by how many the clock was set. */
  let [passed, set] = [0, 0];
  let said: string[];

  beforeEach(async () => {
    [passed, set, said] = [0, 0, []];
    store = await openStore('memory:');
  });

  function start(days: number): void {
    const log = (...line: string[]): unknown => said.push(line.join(': '));
    const clocks = { wall: () => Date.now() + passed + set, monotonic: () => passed };
    schedule = createRetention({ store, bucket: 'default', retention: days * DAY, log }, clocks);
  }

  async function wait(milliseconds: number): Promise<void> {
    for (const end = passed + milliseconds; passed < end; ) {
      passed = Math.min(passed + 5 * MINUTE, end);
      await schedule.poll();
    }
  }

  async function left(): Promise<number> {
    return (await collect(sessionIds(store, 'default'))).length;
  }

  test('deletes old sessions ten minutes after the start, and logs it once', async () => {
    await put(store, { expires_at: now() - 8 * 86_400 });
    await put(store);
    start(7);
    await wait(9 * MINUTE);
    expect(await left()).toBe(2);
    await wait(2 * MINUTE);
    expect(await left()).toBe(1);
    expect(schedule.purged).toBe(1);
    await wait(3 * DAY);
    expect(said).toEqual(['info: sessions: purged 1 (3 keys) of bucket "default"']);
  });

  test('repeats while the server runs, an eighth of the retention late at most', async () => {
    await put(store, { expires_at: now() + 86_400 });
    start(8);
    await wait(9 * DAY - MINUTE);
    expect(await left()).toBe(1);
    await wait(DAY + 10 * MINUTE);
    expect(await left()).toBe(0);
  });

  test('keeps live sessions when the clock was wrong at the start', async () => {
    await put(store);
    set = 365 * DAY;
    start(7);
    await wait(8 * MINUTE);
    set = 0;
    await wait(20 * MINUTE);
    expect(await left()).toBe(1);
  });

  test('keeps them when the clock is set while the server runs, for as long', async () => {
    await put(store);
    start(7);
    await wait(DAY - 5 * MINUTE);
    set = 365 * DAY;
    await wait(8 * MINUTE);
    set = 0;
    await wait(20 * MINUTE);
    expect(await left()).toBe(1);
  });

  test('continues after the store has failed once', async () => {
    await put(store, { expires_at: 1 });
    const { range } = store;
    const failing = vi.spyOn(store, 'range').mockImplementation(() => {
      throw new Error('no');
    });
    start(7);
    await wait(15 * MINUTE);
    expect(said).toEqual(['warn: sessions: not purged this time: no']);
    failing.mockImplementation(range);
    await wait(15 * MINUTE);
    expect(await left()).toBe(0);
  });

  test('reports unknown metadata once', async () => {
    const id = await put(store, { expires_at: 1 });
    await store.set('default', `${id}:__meta__`, Uint8Array.of(2));
    start(7);
    await wait(3 * DAY);
    expect(said).toEqual([
      'warn: sessions: 1 in bucket "default" look like sessions but have unknown metadata: they are never purged',
    ]);
  });
});

test('a clock is stable while it is not set, in either direction', () => {
  let [wall, monotonic] = [1e12, 0];
  const { sample } = createClockStability({ wall: () => wall, monotonic: () => monotonic });
  const pass = (milliseconds: number, jump = 0): number => {
    monotonic += milliseconds;
    wall += milliseconds + jump;
    return sample();
  };
  expect(pass(MINUTE)).toBe(MINUTE);
  expect(pass(MINUTE, 30)).toBe(2 * MINUTE);
  expect(pass(MINUTE, DAY)).toBe(0);
  expect(pass(MINUTE)).toBe(MINUTE);
  expect(pass(MINUTE, -5000)).toBe(0);
});

test('a store in a file is purged in a thread, beside writers', async () => {
  const url = `sqlite:${join(temporaryFolder(), 'store.db')}`;
  const store = await openStore(url, { durability: 'process' });
  const live = await put(store);
  for (let n = 0; n < 30; n++) await put(store, { expires_at: 1 });
  const purged = Promise.withResolvers<string>();
  const retention = startRetention({
    store: url,
    bucket: 'default',
    retention: 1,
    log: (_level, _context, message) => purged.resolve(message),
  });
  onTestFinished(async () => {
    await retention.close();
    await store.close();
  });
  let done = false;
  purged.promise.then(() => {
    done = true;
  });
  for (let n = 0; !done; n++) {
    await store.set('default', `n${n % 10}`, Uint8Array.of(1));
    await new Promise(setImmediate);
  }
  expect(await purged.promise).toBe('purged 30 (90 keys) of bucket "default"');
  expect(await collect(sessionIds(store, 'default'))).toEqual([live]);
});

test('closing stops a purge in progress, and leaves the remaining sessions complete', async () => {
  const url = `sqlite:${join(temporaryFolder(), 'store.db')}`;
  const store = await openStore(url, { durability: 'process' });
  onTestFinished(async () => store.close());
  for (let n = 0; n < 3000; n++) await put(store, { expires_at: 1 }, 1);
  const retention = startRetention({ store: url, bucket: 'default', retention: 1, log() {} });
  while ((await collect(sessionIds(store, 'default'))).length === 3000) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await retention.close();
  const ids = await collect(sessionIds(store, 'default'));
  expect(ids.length).toBeGreaterThan(0);
  for (const id of ids) expect(await store.exists('default', `${id}:__meta__`)).toBe(true);
});
