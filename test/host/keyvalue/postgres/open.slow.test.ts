import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { storeConformance } from '../../../../host/keyvalue/conformance/conformance.ts';
import type { StoreOptions } from '../../../../host/keyvalue/driver.ts';
import { openStore } from '../../../../host/keyvalue/open.ts';
import type { Store } from '../../../../host/keyvalue/store.ts';
import { hasPostgres, type Postgres, startPostgres } from '../../../support/postgres.ts';

const U64 = { min: 0n, max: 2n ** 64n - 1n };

async function failure(url: string, options?: StoreOptions): Promise<Error> {
  const store = await openStore(url, options).catch((error: Error) => error);
  if (store instanceof Error) return store;
  await store.close();
  throw new Error('it was opened');
}

test.each([
  ['postgres://h/d?sslmode=prefer', /sslmode is one of disable, require, verify-ca, verify-full/],
  ['postgres://h/d?schema=a"b', /a schema has 1 to 63 letters/],
  ['postgres://u:secret@h/d?sslmod=require', /has no parameter "sslmod"/],
  ['postgres://u:secret@a,b:1,2/d', /write postgres:\/\/USER@HOST:PORT\/DATABASE/],
  ['postgres://u:sec%ret@h/d', /write %25/],
])('%s is refused with the reason and without the URL itself', async (url, reason) => {
  const error = await failure(url);
  expect(error).toMatchObject({ code: 'option-invalid', message: expect.stringMatching(reason) as unknown });
  expect(error.message).not.toMatch(/sec(%|ret@)/);
});

describe.skipIf(!hasPostgres)('a store on PostgreSQL', () => {
  let postgres: Postgres;

  beforeAll(async () => {
    // What is promised is tested below; the rest need not wait for the disk.
    postgres = await startPostgres(['fsync=off']);
  }, 120_000);
  afterAll(() => postgres.close());

  async function open(url: string, options?: StoreOptions): Promise<Store> {
    const store = await openStore(url, { durability: 'process', ...options });
    onTestFinished(() => store.close());
    return store;
  }

  test.each(storeConformance(() => openStore(postgres.url(), { durability: 'process' })))(
    '$name',
    ({ run }) => run(),
    60_000,
  );

  test('accepts keys and values of the maximum size, and keys that differ only in their last byte', async () => {
    const store = await open(postgres.url());
    const stem = 'k'.repeat(4095);
    await store.setMany('b', [
      [`${stem}a`, Uint8Array.of(1)],
      [`${stem}b`, Uint8Array.of(2)],
      ['k'.repeat(2000), Uint8Array.of(3)],
    ]);
    expect(await store.getMany('b', [`${stem}b`, `${stem}a`, stem])).toEqual([
      Uint8Array.of(2),
      Uint8Array.of(1),
      undefined,
    ]);
    expect(await store.range('b', `${stem}a`, 5)).toEqual([`${stem}a`, `${stem}b`]);
    expect(await store.range('b', '', 1)).toEqual(['k'.repeat(2000)]);
    const value = new Uint8Array(16 * 1024 * 1024).fill(7);
    await store.set('b', 'large', value);
    expect(Buffer.compare((await store.get('b', 'large'))!, value)).toBe(0);
  });

  test('a page of a list contains keys whose writes were in progress when later keys were committed', async () => {
    const store = await open(postgres.url('schema=pages'));
    postgres.sql(`CREATE FUNCTION pages.slow() RETURNS trigger AS 'BEGIN PERFORM pg_sleep(1); RETURN NEW; END' LANGUAGE plpgsql;
      CREATE TRIGGER slow BEFORE INSERT ON pages.kv FOR EACH ROW WHEN (NEW.head = 'late') EXECUTE FUNCTION pages.slow()`);
    const late = store.set('b', 'late', Uint8Array.of(1));
    const sleeping = `SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'`;
    await vi.waitUntil(() => postgres.sql(sleeping) === '1', { timeout: 30_000 });
    await store.setMany(
      'b',
      Array.from({ length: 1500 }, (_, n) => [`k${n}`, Uint8Array.of(1)] as const),
    );
    const first = await store.list('b');
    const second = await store.list('b', first.cursor);
    expect(first.keys[0]).toBe('late');
    expect(new Set([...first.keys, ...second.keys]).size).toBe(1501);
    await late;
  });

  test('hosts that start together create one store, and see the writes of each other at once', async () => {
    const url = postgres.url();
    const stores = await Promise.all(Array.from({ length: 4 }, () => open(url)));
    const counting = stores.flatMap((store) =>
      Array.from({ length: 50 }, () => store.increment('b', 'n', 1n, U64)),
    );
    expect(new Set(await Promise.all(counting)).size).toBe(200);
    await stores[0]!.set('b', 'k', Uint8Array.of(1));
    expect(await stores[1]!.get('b', 'k')).toEqual(Uint8Array.of(1));
  });

  test('batches that lock the same keys in opposite orders all succeed', async () => {
    const store = await open(postgres.url(), { timeout: 60_000 });
    const entries = ['a', 'b', 'c', 'd'].map((key) => [key, Uint8Array.of(1)] as const);
    const batches = Array.from({ length: 20 }, (_, n) =>
      store.setMany('b', n % 2 === 0 ? entries : entries.toReversed()),
    );
    await expect(Promise.all(batches)).resolves.toHaveLength(20);
  }, 90_000);

  test('the URL in messages has no password', async () => {
    const store = await open(postgres.url('schema=shown'));
    expect(store.url).toBe(`postgres://postgres@127.0.0.1:${postgres.port}/postgres?schema=shown`);
  });

  test('a wrong password, database or schema is refused at once, and no message contains a password', async () => {
    const url = postgres.url('schema=refused');
    const long = { wait: 600_000 };
    const wrong = await failure(url.replace('secret', 'wrong-one'), long);
    expect(wrong).toMatchObject({ code: 'store-unusable' });
    expect(wrong.message).toMatch(/check user and password/);
    expect(`${wrong.message} ${wrong.stack} ${String(wrong.cause)}`).not.toMatch(/wrong-one|secret/);
    expect((await failure(url.replace('/postgres?', '/missing?'), long)).message).toMatch(
      /create the database/,
    );
    expect(await failure(url, { create: false, durability: 'process' })).toMatchObject({
      code: 'store-unusable',
      message: expect.stringContaining('has no store in schema refused') as unknown,
    });
    postgres.sql('CREATE SCHEMA foreign_one; CREATE TABLE foreign_one.kv (x int)');
    const foreign = await failure(postgres.url('schema=foreign_one'), { durability: 'process' });
    expect(foreign.message).toMatch(/belongs to another program: choose another one with \?schema=NAME/);
    await (await openStore(postgres.url('schema=newer'), { durability: 'process' })).close();
    postgres.sql('UPDATE newer.wasmcp_store SET schema = 99');
    expect(await failure(postgres.url('schema=newer'), { durability: 'process' })).toMatchObject({
      code: 'store-newer-schema',
    });
  });

  test('the password comes from a file, from PGPASSWORD or from PGPASSFILE', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'password-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const without = postgres.url('schema=passwords').replace(':secret@', '@');
    expect(await failure(without, { durability: 'process' })).toMatchObject({ code: 'store-unusable' });
    writeFileSync(join(folder, 'one'), 'secret\n');
    await open(without, { passwordFile: join(folder, 'one') });
    writeFileSync(
      join(folder, 'many'),
      `# mine\nother:*:*:*:no\n127.0.0.1:${postgres.port}:a\\:b:*:no\n*:*:postgres:postgres:secret\n`,
    );
    onTestFinished(() => void vi.unstubAllEnvs());
    vi.stubEnv('PGPASSFILE', join(folder, 'many'));
    await open(without);
    vi.stubEnv('PGPASSFILE', join(folder, 'missing'));
    expect((await failure(without)).message).toMatch(/the password file cannot be read/);
    vi.stubEnv('PGPASSWORD', 'secret');
    await open(without);
  });

  test('TLS: a server without it, or with a certificate of another name, is refused at once', async () => {
    const url = (parameters: string): string => postgres.url(`schema=tls&${parameters}`);
    const long = { wait: 600_000, durability: 'process' } as const;
    const plain = await failure(url('sslmode=require'), long);
    expect(plain).toMatchObject({ code: 'store-unusable' });
    expect(plain.message).toMatch(/does not support SSL/);
    const ca = postgres.useTls('DNS:other.example');
    await vi.waitFor(async () => (await openStore(url('sslmode=require'), long)).close(), 30_000);
    const encrypted = `SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE ssl AND application_name = 'wasmcp-node'`;
    await open(url('sslmode=require'));
    expect(Number(postgres.sql(encrypted))).toBeGreaterThan(0);
    await open(url(`sslmode=verify-ca&sslrootcert=${ca}`));
    const named = await failure(url(`sslrootcert=${ca}`), long);
    expect(named).toMatchObject({ code: 'store-unusable' });
    expect(named.message).toMatch(/altnames/);
    expect(await failure(url('sslmode=verify-full'), long)).toMatchObject({ code: 'store-unusable' });
  }, 60_000);

  test('an engine that can lose acknowledged writes is refused with a remedy, unless the option accepts it', async () => {
    const error = await failure(postgres.url(), { durability: 'power' });
    expect(error).toMatchObject({ code: 'store-unusable' });
    expect(error.message).toMatch(
      /set fsync = on in postgresql\.conf; or accept it with --durability process/,
    );
    const weaker = await open(postgres.url(), { durability: 'power', acceptWeaker: true });
    expect(weaker.guarantee).toEqual({
      durability: 'process',
      engine: expect.stringMatching(
        /^PostgreSQL \d.*, primary, fsync off, full_page_writes on, synchronous_commit on$/,
      ) as unknown,
    });
  });
});
