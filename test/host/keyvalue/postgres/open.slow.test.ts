import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { openStore } from '../../../../host/keyvalue/open.ts';
import { failure, startedBefore } from '../../../support/network-engine.ts';
import { hasPostgres, startPostgres } from '../../../support/postgres.ts';
import { openForTest, openSuite, refusedUrls } from '../network/open-suite.ts';

refusedUrls([
  ['postgres://h/d?sslmode=prefer', /sslmode is one of disable, require, verify-ca, verify-full/],
  ['postgres://h/d?schema=a"b', /a schema has 1 to 63 letters/],
  ['postgres://u:secret@h/d?sslmod=require', /has no parameter "sslmod"/],
  ['postgres://u:secret@a,b:1,2/d', /write postgres:\/\/USER@HOST:PORT\/DATABASE/],
  ['postgres://u:sec%ret@h/d', /write %25/],
]);

describe.skipIf(!hasPostgres)('a store on PostgreSQL', () => {
  // What is promised is tested below; the rest need not wait for the disk.
  const engine = startedBefore(() => startPostgres(['fsync=off']));

  openSuite(engine, {
    naming: 'schema',
    passwordVariable: 'PGPASSWORD',
    missing: (name) => `has no store in schema ${name}`,
  });

  test('a page of a list contains keys whose writes were in progress when later keys were committed', async () => {
    const store = await openForTest(engine().url('schema=pages'));
    engine().sql(`CREATE FUNCTION pages.slow() RETURNS trigger AS 'BEGIN PERFORM pg_sleep(1); RETURN NEW; END' LANGUAGE plpgsql;
      CREATE TRIGGER slow BEFORE INSERT ON pages.kv FOR EACH ROW WHEN (NEW.head = 'late') EXECUTE FUNCTION pages.slow()`);
    const late = store.set('b', 'late', Uint8Array.of(1));
    const sleeping = `SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'`;
    await vi.waitUntil(() => engine().sql(sleeping) === '1', { timeout: 30_000 });
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

  test('a wrong database or schema is refused at once', async () => {
    const long = { wait: 600_000, durability: 'process' } as const;
    expect((await failure(engine().url().replace('/postgres?', '/missing?'), long)).message).toMatch(
      /create the database/,
    );
    engine().sql('CREATE SCHEMA foreign_one; CREATE TABLE foreign_one.kv (x int)');
    const foreign = await failure(engine().url('schema=foreign_one'), { durability: 'process' });
    expect(foreign.message).toMatch(/belongs to another program: choose another one with \?schema=NAME/);
    await (await openStore(engine().url('schema=newer'), { durability: 'process' })).close();
    engine().sql('UPDATE newer.wasmcp_store SET schema = 99');
    expect(await failure(engine().url('schema=newer'), { durability: 'process' })).toMatchObject({
      code: 'store-newer-schema',
    });
  });

  test('the password comes from PGPASSFILE, unless PGPASSWORD is set', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'password-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const without = engine().url('schema=passwords').replace(':secret@', '@');
    writeFileSync(
      join(folder, 'many'),
      `# mine\nother:*:*:*:no\n127.0.0.1:${engine().port}:a\\:b:*:no\n*:*:postgres:postgres:secret\n`,
    );
    onTestFinished(() => void vi.unstubAllEnvs());
    vi.stubEnv('PGPASSFILE', join(folder, 'many'));
    await openForTest(without);
    vi.stubEnv('PGPASSFILE', join(folder, 'missing'));
    expect((await failure(without)).message).toMatch(/the password file cannot be read/);
    vi.stubEnv('PGPASSWORD', 'secret');
    await openForTest(without);
  });

  test('TLS: a server without it, or with a certificate of another name, is refused at once', async () => {
    const url = (parameters: string): string => engine().url(`schema=tls&${parameters}`);
    const long = { wait: 600_000, durability: 'process' } as const;
    const plain = await failure(url('sslmode=require'), long);
    expect(plain).toMatchObject({ code: 'store-unusable' });
    expect(plain.message).toMatch(/does not support SSL/);
    const ca = engine().useTls('DNS:other.example');
    await vi.waitFor(async () => (await openStore(url('sslmode=require'), long)).close(), 30_000);
    const encrypted = `SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE ssl AND application_name = 'wasmcp-node'`;
    await openForTest(url('sslmode=require'));
    expect(Number(engine().sql(encrypted))).toBeGreaterThan(0);
    await openForTest(url(`sslmode=verify-ca&sslrootcert=${ca}`));
    const named = await failure(url(`sslrootcert=${ca}`), long);
    expect(named).toMatchObject({ code: 'store-unusable' });
    expect(named.message).toMatch(/altnames/);
    expect(await failure(url('sslmode=verify-full'), long)).toMatchObject({ code: 'store-unusable' });
  }, 60_000);

  test('an engine that can lose acknowledged writes is refused with a remedy, unless the option accepts it', async () => {
    const error = await failure(engine().url(), { durability: 'power' });
    expect(error).toMatchObject({ code: 'store-unusable' });
    expect(error.message).toMatch(
      /set fsync = on in postgresql\.conf; or accept it with --durability process/,
    );
    const weaker = await openForTest(engine().url(), { durability: 'power', acceptWeaker: true });
    expect(weaker.guarantee).toEqual({
      durability: 'process',
      engine: expect.stringMatching(
        /^PostgreSQL \d.*, primary, fsync off, full_page_writes on, synchronous_commit on$/,
      ) as unknown,
    });
  });
});
