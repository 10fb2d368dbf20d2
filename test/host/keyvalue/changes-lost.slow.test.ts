import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { openStore } from '../../../host/keyvalue/open.ts';
import type { Store } from '../../../host/keyvalue/store.ts';
import { temporaryFolder } from '../../support/command.ts';
import { follow } from '../../support/follow.ts';
import { hasPostgres, type Postgres, startPostgres } from '../../support/postgres.ts';
import { REDIS, type Redis, startRedis, VALKEY_9 } from '../../support/redis.ts';

async function opened(url: string): Promise<Store> {
  const store = await openStore(url, { durability: 'process', timeout: 60_000 });
  onTestFinished(() => store.close());
  return store;
}

/** Writes more than a follower may leave unread, and then one change that it must still get. */
async function fallBehind(here: Store, there: Store): Promise<void> {
  const gate = Promise.withResolvers<void>();
  const { seen, count, untilLost } = await follow(here, () => gate.promise);
  await there.set('b', 'first', Buffer.from('1'));
  await count(1);
  for (let n = 0; n < 11_000; n += 1000) {
    await there.setMany(
      'b',
      Array.from({ length: 1000 }, (_, k) => [`${n + k}`, Buffer.from('1')]),
    );
  }
  // It gives a sign of life although it is slow.
  expect(await untilLost()).toEqual([
    expect.stringMatching(/^11000 changes were not delivered: too many were waiting/),
  ]);
  await there.set('b', 'last', Buffer.from('1'));
  gate.resolve();
  while (!seen.includes('set b last 1')) await count(seen.length + 1);
}

/** @param forget lets the follower have been silent for longer than its life */
async function beForgotten(here: Store, there: Store, forget: () => unknown): Promise<void> {
  const { seen, count, untilLost } = await follow(here);
  await there.set('b', 'k', Buffer.from('1'));
  await count(1);
  await forget();
  await there.set('b', 'k', Buffer.from('2'));
  expect(await untilLost()).toEqual([expect.stringMatching(/so long that others no longer recorded them$/)]);
  await there.set('b', 'k', Buffer.from('3'));
  expect(await count(2)).toEqual(['set b k 1', 'set b k 3']);
  expect(seen).toHaveLength(2);
}

describe('in a file', () => {
  test('a follower that falls behind skips what it has not read, and says so', async () => {
    const url = `sqlite:${join(temporaryFolder(), 'store.db')}`;
    await fallBehind(await opened(url), await opened(url));
  }, 120_000);

  test('a follower that was silent for too long is forgotten, and says so', async () => {
    const path = join(temporaryFolder(), 'store.db');
    const [here, there] = [await opened(`sqlite:${path}`), await opened(`sqlite:${path}`)];
    // In another process, because closing the file here would release the locks of this one.
    const code = `const database = new (require('node:sqlite').DatabaseSync)(process.argv[1]);
      database.exec('UPDATE follower SET expires = 1');`;
    await beForgotten(here, there, () => execFileSync(process.execPath, ['-e', code, path]));
  }, 120_000);
});

describe.skipIf(!hasPostgres)('on PostgreSQL', () => {
  let postgres: Postgres;

  beforeAll(async () => {
    postgres = await startPostgres(['fsync=off']);
  }, 120_000);
  afterAll(() => postgres.close());

  test('a follower that falls behind skips what it has not read, and says so', async () => {
    const url = postgres.url();
    await fallBehind(await opened(url), await opened(url));
  }, 120_000);

  test('a follower that was silent for too long is forgotten, and says so', async () => {
    const url = postgres.url('schema=silent');
    await beForgotten(await opened(url), await opened(url), () =>
      postgres.sql(`UPDATE silent.follower SET expires = now() - interval '1 second'`),
    );
  }, 120_000);
});

describe.each([REDIS, VALKEY_9])('on $name', (program) => {
  describe.skipIf(program.path === undefined)('', () => {
    let redis: Redis;

    beforeAll(async () => {
      redis = await startRedis(program, { appendonly: 'no' });
    }, 120_000);
    afterAll(() => redis.close());

    test('a log ends at a number of changes and of bytes, and says how many are missing', async () => {
      const store = await opened(redis.url('prefix=bounded'));
      const gate = Promise.withResolvers<void>();
      const { seen, untilLost, count } = await follow(store, () => gate.promise);
      const keys = Array.from({ length: 12_000 }, (_, n) => `${n}`);
      await store.set('b', 'first', Uint8Array.of(49));
      await count(1);
      await store.setMany(
        'b',
        keys.map((key) => [key, Uint8Array.of(49)]),
      );
      expect(await redis.command('XLEN', 'bounded:{b}:log')).toBe('10000');
      const large = new Uint8Array(16 * 1024 * 1024);
      for (const key of ['p', 'q', 'r', 's', 't']) await store.set('b', key, large);
      expect(await redis.command('XLEN', 'bounded:{b}:log')).toBe('4');
      gate.resolve();
      expect(await untilLost()).toEqual([
        expect.stringMatching(/^at least 12001 changes were not delivered/),
      ]);
      await count(5);
      expect(seen.map((change) => change.slice(0, 7))).toEqual([
        'set b f',
        ...['q', 'r', 's', 't'].map((key) => `set b ${key}`),
      ]);
    }, 120_000);

    test('a follower whose log has expired says how many changes it missed', async () => {
      const store = await opened(redis.url('prefix=expired'));
      const gate = Promise.withResolvers<void>();
      const { count, untilLost } = await follow(store, () => gate.promise);
      await store.set('b', 'k', Buffer.from('1'));
      await count(1);
      await store.set('b', 'k', Buffer.from('2'));
      await store.set('b', 'k', Buffer.from('3'));
      await redis.command('DEL', 'expired:{b}:log');
      gate.resolve();
      expect(await untilLost()).toEqual([expect.stringMatching(/^at least 2 changes were not delivered/)]);
      await store.set('b', 'k', Buffer.from('4'));
      expect(await count(2)).toEqual(['set b k 1', 'set b k 4']);
    }, 60_000);

    test('a follower that was silent for too long says that it missed something', async () => {
      const store = await opened(redis.url('prefix=silent'));
      const { count, untilLost } = await follow(store);
      await store.set('b', 'k', Buffer.from('1'));
      await count(1);
      await redis.command('HSET', 'silent:{b}:meta', 'log', '1');
      await store.set('b', 'k', Buffer.from('2'));
      expect(await untilLost()).toEqual([expect.stringMatching(/^at least 1 changes were not delivered/)]);
      await store.set('b', 'k', Buffer.from('3'));
      expect(await count(2)).toEqual(['set b k 1', 'set b k 3']);
    }, 60_000);
  });
});
