import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStore } from '../../../host/keyvalue/open.ts';
import { run } from '../../support/command.ts';
import { hasPostgres, type Postgres, startPostgres } from '../../support/postgres.ts';
import { REDIS, type Redis, startRedis, VALKEY_9 } from '../../support/redis.ts';

async function fill(url: string): Promise<void> {
  const store = await openStore(url, { durability: 'process' });
  await store.setMany(
    'b',
    Array.from({ length: 1500 }, (_, n) => [`key ${n}`, new Uint8Array(100)]),
  );
  await store.set('other', 'k'.repeat(3000), new Uint8Array(7));
  await store.set('other', 'gone', new Uint8Array(7));
  await store.delete('other', 'gone');
  await store.close();
}

const command = (name: string, url: string, ...rest: string[]) =>
  run(['store', name, ...rest, '--store', url]);

describe.skipIf(!hasPostgres)('store info and check on PostgreSQL', () => {
  let postgres: Postgres;
  let url: string;

  beforeAll(async () => {
    postgres = await startPostgres(['fsync=off']);
    url = postgres.url('schema=s');
    await fill(url);
  }, 120_000);
  afterAll(() => postgres.close());

  test('info shows the engine, what it promises, and what the buckets have', async () => {
    const { status, stdout, stderr } = await command('info', url);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^store {4}postgres:\/\/postgres@127\.0\.0\.1:\d+\/postgres\?schema=s\n/);
    expect(stdout).toMatch(/^schema {3}3$/m);
    expect(stdout).toMatch(
      /^promise {2}process \(PostgreSQL \S+.*, primary, fsync off, full_page_writes on/m,
    );
    expect(stdout).toMatch(/^size {5}\d{5,} bytes$/m);
    expect(stdout).toMatch(/^bucket {3}b: 1500 keys, 150000 bytes of values$/m);
    expect(stdout).toMatch(/^bucket {3}other: 1 keys, 7 bytes of values$/m);
  }, 60_000);

  test('check finds a sequence that was set back, and a damaged key', async () => {
    expect(await command('check', url)).toMatchObject({ status: 0, stdout: 'ok\n' });
    postgres.sql(`SELECT setval('s.kv_id_seq', 1000); SELECT setval('s.version', 1);
      UPDATE s.kv SET digest = '\\x00' WHERE tail <> ''; DELETE FROM s.deletion WHERE stripe = 7`);
    const { status, stdout } = await command('check', url);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^\d+ keys have an id that the next new key could get, too/m);
    expect(stdout).toMatch(/^\d+ keys have a version that is to come/m);
    expect(stdout).toMatch(/^1 rows are missing that have the versions of absent keys$/m);
    expect(stdout).toMatch(/^1 long keys do not match their digest$/m);
  }, 60_000);

  test('neither creates a store', async () => {
    const missing = postgres.url('schema=missing');
    for (const name of ['info', 'check']) {
      const { status, stderr } = await command(name, missing);
      expect(status).toBe(1);
      expect(stderr).toMatch(/has no store in schema missing/);
    }
    expect(postgres.sql(`SELECT count(*) FROM pg_namespace WHERE nspname = 'missing'`)).toBe('0');
  }, 60_000);

  test.each([
    ['backup', /for one on PostgreSQL use pg_dump --schema, or store copy/],
    ['restore', /for one on PostgreSQL use pg_restore, or store copy/],
  ])('%s names what to use instead', async (name, message) => {
    const { status, stderr } = await command(name, url, '/tmp/x.db');
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });
});

describe.each([REDIS, VALKEY_9])('store info and check on $name', (program) => {
  describe.skipIf(program.path === undefined)('', () => {
    let redis: Redis;

    beforeAll(async () => {
      redis = await startRedis(program);
    }, 120_000);
    afterAll(() => redis.close());

    test.each(['', '&partition=prefix'])(
      'info shows the engine and the buckets %s',
      async (partition) => {
        const url = redis.url() + partition;
        await fill(url);
        const { status, stdout, stderr } = await command('info', url);
        expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
        expect(stdout).toMatch(/^store {4}redis:\/\/127\.0\.0\.1:\d+\/0\?prefix=s\d+/);
        expect(stdout).toMatch(
          /^promise {2}power \((Redis|Valkey) \S+, primary, appendonly yes, appendfsync always/m,
        );
        expect(stdout).toMatch(/^bucket {3}b: 1500 keys, about \d{6} bytes of values$/m);
        expect(stdout).toMatch(/^bucket {3}other: 1 keys, about \d+ bytes of values$/m);
        expect(await command('check', url)).toMatchObject({ status: 0, stdout: 'ok\n' });
      },
      60_000,
    );

    test('check finds what does not fit together', async () => {
      const url = redis.url('prefix=damaged');
      await fill(url);
      await redis.command('ZREM', 'damaged:{b}:order', 'key 7');
      await redis.command('HSET', 'damaged:{b}:values', 'key 8', 'short');
      await redis.command('HSET', 'damaged:{other}:meta', 'version', '0');
      const { status, stdout } = await command('check', url);
      expect(status).toBe(1);
      expect(stdout.split('\n').toSorted()).toEqual([
        '',
        'bucket "b": 1 entries are missing or damaged',
        'bucket "b": 1 keys have no id, or one that is to come',
        'bucket "b": 1500 values, 1499 ids and 1500 names should be as many',
        'bucket "other": 1 entries have a version that is to come',
      ]);
    }, 60_000);

    test.each([
      ['backup', /for one on Redis copy its append-only files, or use store copy/],
      ['restore', /for one on Redis give it its append-only files back, or use store copy/],
    ])('%s names what to use instead', async (name, message) => {
      const { status, stderr } = await command(name, redis.url(), '/tmp/x.db');
      expect(status).toBe(2);
      expect(stderr).toMatch(message);
    });
  });
});
