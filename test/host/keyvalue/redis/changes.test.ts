import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { changesConformance } from '../../../../host/keyvalue/conformance/conformance.ts';
import { openStore } from '../../../../host/keyvalue/open.ts';
import type { Store } from '../../../../host/keyvalue/store.ts';
import { follow } from '../../../support/follow.ts';
import { REDIS, type Redis, startRedis, VALKEY_9 } from '../../../support/redis.ts';

describe.each([REDIS, VALKEY_9])('changes on $name', (program) => {
  describe.skipIf(program.path === undefined)('', () => {
    let redis: Redis;

    beforeAll(async () => {
      redis = await startRedis(program, { appendonly: 'no' });
    }, 120_000);
    afterAll(() => redis.close());

    const open = (url: string): Promise<Store> => openStore(url, { durability: 'process', timeout: 60_000 });

    async function opened(url: string): Promise<Store> {
      const store = await open(url);
      onTestFinished(() => store.close());
      return store;
    }

    describe.each(['', '&partition=prefix'])('%s', (partition) => {
      async function twice(): Promise<[Store, Store]> {
        const url = redis.url() + partition;
        return [await open(url), await open(url)];
      }
      for (const { name, run } of changesConformance(twice)) test(name, run, 60_000);
    });

    test('nothing is recorded while nobody follows, also after a host that followed was killed', async () => {
      const store = await opened(redis.url('prefix=idle'));
      const log = (): Promise<string> => redis.command('EXISTS', 'idle:{b}:log');
      await store.set('b', 'k', Uint8Array.of(1));
      expect(await log()).toBe('0');
      const { following, count } = await follow(store);
      await store.set('b', 'k', Uint8Array.of(2));
      await count(1);
      expect(await log()).toBe('1');
      await following.close();
      expect(await log()).toBe('0');
      await redis.command('HSET', 'idle:{b}:meta', 'log', '1');
      await store.set('b', 'k', Uint8Array.of(3));
      expect(await log()).toBe('0');
      expect(await redis.command('HGET', 'idle:{b}:meta', 'log')).toBe('0');
    });

    test('buckets that appear while a store is followed are followed', async () => {
      const url = redis.url();
      const [here, there] = [await opened(url), await opened(url)];
      await there.set('old', 'k', Uint8Array.of(49));
      const { count } = await follow(here);
      const names = Array.from({ length: 40 }, (_, n) => `new ${n}`);
      await Promise.all(names.map(async (name) => there.set(name, 'k', Uint8Array.of(49))));
      await there.set('old', 'k', Uint8Array.of(50));
      expect((await count(41)).toSorted()).toEqual(
        [...names.map((name) => `set ${name} k 1`), 'set old k 2'].sort(),
      );
    });
  });
});
