import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { storeConformance } from '../../../../host/keyvalue/conformance/conformance.ts';
import type { StoreOptions } from '../../../../host/keyvalue/driver.ts';
import { openStore } from '../../../../host/keyvalue/open.ts';
import type { Store } from '../../../../host/keyvalue/store.ts';
import { REDIS, type Redis, startRedis, VALKEY_9 } from '../../../support/redis.ts';

const U64 = { min: 0n, max: 2n ** 64n - 1n };

async function failure(url: string, options?: StoreOptions): Promise<Error> {
  const store = await openStore(url, options).catch((error: Error) => error);
  if (store instanceof Error) return store;
  await store.close();
  throw new Error('it was opened');
}

test.each([
  ['redis://:secret@h?prefix=a{b', /a prefix has 1 to 64 letters/],
  ['redis://:secret@h?prefx=a', /has no parameter "prefx"/],
  ['redis://:secret@h?partition=key', /partition can only be "prefix"/],
  ['redis://:secret@h:99999', /one of its hosts is not HOST:PORT/],
  ['redis://:secret@h?cacert=ca.pem', /TLS needs rediss:\/\//],
  ['redis://:sec%ret@h', /write %25/],
])('%s is refused with the reason and without the URL itself', async (url, reason) => {
  const error = await failure(url);
  expect(error).toMatchObject({ code: 'option-invalid', message: expect.stringMatching(reason) as unknown });
  expect(error.message).not.toMatch(/sec(%|ret@)/);
});

describe.each([REDIS, VALKEY_9])('a store on $name', (program) => {
  describe.skipIf(program.path === undefined)('', () => {
    let redis: Redis;

    beforeAll(async () => {
      // What is promised is tested below; the rest need not wait for the disk.
      redis = await startRedis(program, { appendfsync: 'everysec' });
    }, 120_000);
    afterAll(() => redis.close());

    async function open(url: string, options?: StoreOptions): Promise<Store> {
      const store = await openStore(url, { durability: 'process', ...options });
      onTestFinished(() => store.close());
      return store;
    }

    for (const { name, run } of storeConformance(() => openStore(redis.url(), { durability: 'process' }))) {
      test(name, run, 60_000);
    }

    test('keys and values of the greatest size', async () => {
      const store = await open(redis.url());
      const stem = 'k'.repeat(4095);
      await store.setMany('b', [
        [`${stem}a`, Uint8Array.of(1)],
        [`${stem}b`, Uint8Array.of(2)],
      ]);
      expect(await store.getMany('b', [`${stem}b`, `${stem}a`, stem])).toEqual([
        Uint8Array.of(2),
        Uint8Array.of(1),
        undefined,
      ]);
      const value = new Uint8Array(16 * 1024 * 1024).fill(7);
      await store.set('b', 'large', value);
      expect(Buffer.compare((await store.get('b', 'large'))!, value)).toBe(0);
    });

    test('hosts that start together create one store, and see the writes of each other at once', async () => {
      const url = redis.url();
      const stores = await Promise.all(Array.from({ length: 4 }, () => open(url)));
      const counting = stores.flatMap((store) =>
        Array.from({ length: 50 }, () => store.increment('b', 'n', 1n, U64)),
      );
      expect(new Set(await Promise.all(counting)).size).toBe(200);
      await stores[0]!.set('b', 'k', Uint8Array.of(1));
      expect(await stores[1]!.get('b', 'k')).toEqual(Uint8Array.of(1));
    });
  });
});
