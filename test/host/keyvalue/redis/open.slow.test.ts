import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
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
      redis = await startRedis(program, { appendonly: 'no' });
    }, 120_000);
    afterAll(() => redis.close());

    async function open(url: string, options?: StoreOptions): Promise<Store> {
      const store = await openStore(url, { durability: 'process', timeout: 60_000, ...options });
      onTestFinished(() => store.close());
      return store;
    }

    for (const { name, run } of storeConformance(() => open(redis.url()))) {
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

    test('the URL that is shown has no password', async () => {
      const store = await open(redis.url('prefix=shown'));
      expect(store.url).toBe(`redis://127.0.0.1:${redis.port}/0?prefix=shown`);
    });

    test('a wrong password, or keys of another program, are refused at once, and no message has a password', async () => {
      const url = redis.url('prefix=refused');
      const long = { wait: 600_000, durability: 'process' } as const;
      const wrong = await failure(url.replace('secret', 'wrong-one'), long);
      expect(wrong).toMatchObject({ code: 'store-unusable' });
      expect(wrong.message).toMatch(/check user and password/);
      expect(`${wrong.message} ${wrong.stack} ${String(wrong.cause)}`).not.toMatch(/wrong-one|secret/);
      expect((await failure(url.replace(':secret@', ''), long)).message).toMatch(/--store-password-file/);
      expect((await failure(url.replace('/0?', '/99?'), long)).message).toMatch(/DB index is out of range/);
      expect(await failure(url, { ...long, create: false })).toMatchObject({
        code: 'store-unusable',
        message: expect.stringContaining('has no store with this prefix') as unknown,
      });
      await redis.command('SET', 'refused:{schema}:layout', 'theirs');
      expect((await failure(url, long)).message).toMatch(/choose another one with \?prefix=NAME/);
      await redis.command('SET', 'refused:{schema}:layout', '99');
      expect(await failure(url, long)).toMatchObject({ code: 'store-newer-schema' });
      await (await open(redis.url('prefix=plain'))).close();
      expect((await failure(redis.url('prefix=plain&partition=prefix'), long)).message).toMatch(
        /was created without \?partition=prefix, which cannot be changed/,
      );
      await redis.command('HSET', 'theirs:{schema}:layout', 'a', '1');
      expect(await failure(redis.url('prefix=theirs'), long)).toMatchObject({ code: 'store-unusable' });
    });

    test('the password comes from a file or from REDISCLI_AUTH', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'password-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      const without = redis.url('prefix=passwords').replace(':secret@', '');
      writeFileSync(join(folder, 'one'), 'secret\n');
      await open(without, { passwordFile: join(folder, 'one') });
      expect((await failure(without, { passwordFile: join(folder, 'none') })).message).toMatch(
        /--store-password-file cannot be read/,
      );
      onTestFinished(() => void vi.unstubAllEnvs());
      vi.stubEnv('REDISCLI_AUTH', 'secret');
      await open(without);
    });

    test('an engine that deletes keys when its memory is full is refused', async () => {
      await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'volatile-lru');
      onTestFinished(
        async () => void (await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')),
      );
      for (const options of [{}, { durability: 'process' }, { acceptWeaker: true }] as const) {
        const error = await failure(redis.url(), options);
        expect(error).toMatchObject({ code: 'store-unusable' });
        expect(error.message).toMatch(/set maxmemory-policy noeviction$/);
      }
    });

    test('a user with few permissions is enough', async () => {
      const [commands, names] = ['+@all -@dangerous +info +config|get', '~acl:* &acl:lease:*'];
      await redis.command('ACL', 'SETUSER', 'few', 'on', '>pass', ...`${commands} ${names}`.split(' '));
      const store = await open(redis.url('prefix=acl').replace(':secret@', 'few:pass@'));
      await store.set('b', 'k', Uint8Array.of(1));
      expect(await store.buckets()).toEqual(['b']);
      expect(await store.leases!.acquire({ id: 'one', life: 1000 }, 'b', 'n')).toBeTypeOf('bigint');
      expect(store.url).toMatch(/^redis:\/\/few@127/);
      const other = redis.url('prefix=other').replace(':secret@', 'few:pass@');
      expect((await failure(other, { durability: 'process' })).message).toMatch(/lacks a permission/);
    });

    test('what the engine guarantees is found and shown', async () => {
      onTestFinished(async () => {
        await redis.command('CONFIG', 'SET', 'appendonly', 'no');
        await redis.command('CONFIG', 'SET', 'no-appendfsync-on-rewrite', 'no');
      });
      const guarantee = async (options: StoreOptions): Promise<unknown> =>
        (await open(redis.url(), options)).guarantee;
      await redis.command('CONFIG', 'SET', 'appendonly', 'yes');
      await redis.command('CONFIG', 'SET', 'appendfsync', 'always');
      expect(await guarantee({ durability: 'power' })).toEqual({
        durability: 'power',
        engine: expect.stringMatching(
          /^(Redis 7|Valkey 9)\.\d\S*, primary, appendonly yes, appendfsync always, maxmemory-policy noeviction, 0 replicas$/,
        ) as unknown,
      });
      const refused = async (remedy: RegExp): Promise<void> => {
        const error = await failure(redis.url(), { durability: 'power' });
        expect(error).toMatchObject({ code: 'store-unusable' });
        expect(error.message).toMatch(remedy);
        expect(error.message).toMatch(/; or accept it with --durability process, or with --accept-weaker$/);
        const weaker = await guarantee({ durability: 'power', acceptWeaker: true });
        expect(weaker).toMatchObject({ durability: 'process' });
      };
      await redis.command('CONFIG', 'SET', 'appendfsync', 'no');
      await refused(/: set appendfsync always in its configuration/);
      await redis.command('CONFIG', 'SET', 'appendonly', 'no');
      await refused(/: set appendonly yes and appendfsync always in its configuration;/);
      expect(await guarantee({ durability: 'process' })).toMatchObject({
        engine: expect.stringContaining('appendonly no, no snapshots: a restart loses everything') as unknown,
      });
    });
  });
});
