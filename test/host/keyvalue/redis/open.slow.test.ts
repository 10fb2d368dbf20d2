import { describe, expect, onTestFinished, test } from 'vitest';
import type { StoreOptions } from '../../../../host/keyvalue/driver.ts';
import { failure, startedBefore } from '../../../support/network-engine.ts';
import { REDIS, startRedis, VALKEY_9 } from '../../../support/redis.ts';
import { openForTest, openSuite, refusedUrls } from '../network/open-suite.ts';

refusedUrls([
  ['redis://:secret@h?prefix=a{b', /a prefix has 1 to 64 letters/],
  ['redis://:secret@h?prefx=a', /has no parameter "prefx"/],
  ['redis://:secret@h?partition=key', /partition can only be "prefix"/],
  ['redis://:secret@h:99999', /one of its hosts is not HOST:PORT/],
  ['redis://:secret@h?cacert=ca.pem', /TLS needs rediss:\/\//],
  ['redis://:sec%ret@h', /write %25/],
]);

describe.each([REDIS, VALKEY_9])('a store on $name', (program) => {
  describe.skipIf(program.path === undefined)('', () => {
    // What is promised is tested below; the rest need not wait for the disk.
    const engine = startedBefore(() => startRedis(program, { appendonly: 'no' }));

    openSuite(engine, {
      naming: 'prefix',
      passwordVariable: 'REDISCLI_AUTH',
      missing: () => 'has no store with this prefix',
    });

    test('no password, a wrong database or keys of another program are refused at once', async () => {
      const url = engine().url('prefix=refused');
      const long = { wait: 600_000, durability: 'process' } as const;
      expect((await failure(url.replace(':secret@', ''), long)).message).toMatch(/--store-password-file/);
      expect((await failure(url.replace('/0?', '/99?'), long)).message).toMatch(/DB index is out of range/);
      await engine().command('SET', 'refused:{schema}:layout', 'theirs');
      expect((await failure(url, long)).message).toMatch(/choose another one with \?prefix=NAME/);
      await engine().command('SET', 'refused:{schema}:layout', '99');
      expect(await failure(url, long)).toMatchObject({ code: 'store-newer-schema' });
      await (await openForTest(engine().url('prefix=plain'))).close();
      expect((await failure(engine().url('prefix=plain&partition=prefix'), long)).message).toMatch(
        /was created without \?partition=prefix, which cannot be changed/,
      );
      await engine().command('HSET', 'theirs:{schema}:layout', 'a', '1');
      expect(await failure(engine().url('prefix=theirs'), long)).toMatchObject({ code: 'store-unusable' });
    });

    test('an engine that deletes keys when its memory is full is refused', async () => {
      await engine().command('CONFIG', 'SET', 'maxmemory-policy', 'volatile-lru');
      onTestFinished(
        async () => void (await engine().command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')),
      );
      for (const options of [{}, { durability: 'process' }, { acceptWeaker: true }] as const) {
        const error = await failure(engine().url(), options);
        expect(error).toMatchObject({ code: 'store-unusable' });
        expect(error.message).toMatch(/set maxmemory-policy noeviction$/);
      }
    });

    test('a user with few permissions is enough', async () => {
      const [commands, names] = ['+@all -@dangerous +info +config|get', '~acl:* &acl:lease:*'];
      await engine().command('ACL', 'SETUSER', 'few', 'on', '>pass', ...`${commands} ${names}`.split(' '));
      const store = await openForTest(engine().url('prefix=acl').replace(':secret@', 'few:pass@'));
      await store.set('b', 'k', Uint8Array.of(1));
      expect(await store.buckets()).toEqual(['b']);
      expect(await store.leases!.acquire({ id: 'one', life: 1000 }, 'b', 'n')).toBeTypeOf('bigint');
      expect(store.url).toMatch(/^redis:\/\/few@127/);
      const other = engine().url('prefix=other').replace(':secret@', 'few:pass@');
      expect((await failure(other, { durability: 'process' })).message).toMatch(/lacks a permission/);
    });

    test('what the engine guarantees is found and shown', async () => {
      onTestFinished(async () => {
        await engine().command('CONFIG', 'SET', 'appendonly', 'no');
        await engine().command('CONFIG', 'SET', 'no-appendfsync-on-rewrite', 'no');
      });
      const guarantee = async (options: StoreOptions): Promise<unknown> =>
        (await openForTest(engine().url(), options)).guarantee;
      await engine().command('CONFIG', 'SET', 'appendonly', 'yes');
      await engine().command('CONFIG', 'SET', 'appendfsync', 'always');
      expect(await guarantee({ durability: 'power' })).toEqual({
        durability: 'power',
        engine: expect.stringMatching(
          /^(Redis 7|Valkey 9)\.\d\S*, primary, appendonly yes, appendfsync always, maxmemory-policy noeviction, 0 replicas$/,
        ) as unknown,
      });
      const refused = async (remedy: RegExp): Promise<void> => {
        const error = await failure(engine().url(), { durability: 'power' });
        expect(error).toMatchObject({ code: 'store-unusable' });
        expect(error.message).toMatch(remedy);
        expect(error.message).toMatch(/; or accept it with --durability process, or with --accept-weaker$/);
        const weaker = await guarantee({ durability: 'power', acceptWeaker: true });
        expect(weaker).toMatchObject({ durability: 'process' });
      };
      await engine().command('CONFIG', 'SET', 'appendfsync', 'no');
      await refused(/: set appendfsync always in its configuration/);
      await engine().command('CONFIG', 'SET', 'appendonly', 'no');
      await refused(/: set appendonly yes and appendfsync always in its configuration;/);
      expect(await guarantee({ durability: 'process' })).toMatchObject({
        engine: expect.stringContaining('appendonly no, no snapshots: a restart loses everything') as unknown,
      });
    });
  });
});
