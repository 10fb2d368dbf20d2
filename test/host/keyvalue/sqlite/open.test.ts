import { chmodSync, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { connect } from '../../../../host/keyvalue/sqlite/connection.ts';
import { openSqlite } from '../../../../host/keyvalue/sqlite/open.ts';
import { folder, one, path, setUp, sql, useFile } from './open-files.ts';

setUp();

const S64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };

function mode(file: string): string {
  return (statSync(file).mode & 0o777).toString(8);
}

test('missing folders and all files are created for the owner only', async () => {
  useFile(join(folder, 'a', 'b', 'store.db'));
  const store = openSqlite(path);
  await store.set('b', 'k', one);
  expect([mode(join(folder, 'a')), mode(join(folder, 'a', 'b'))]).toEqual(['700', '700']);
  expect(readdirSync(join(folder, 'a', 'b')).sort()).toEqual(['store.db', 'store.db-shm', 'store.db-wal']);
  expect([mode(path), mode(`${path}-wal`), mode(`${path}-shm`)]).toEqual(['600', '600', '600']);
  await store.close();
});

test('keeps the mode of an existing folder', async () => {
  chmodSync(folder, 0o755);
  await openSqlite(path).close();
  expect(mode(folder)).toBe('755');
});

test('the last connection to close leaves a single file with all data', async () => {
  const [first, second] = [openSqlite(path), openSqlite(path)];
  await first.set('b', 'k', one);
  expect(await second.get('b', 'k')).toEqual(one);
  await second.set('b', 'l', one);
  await first.close();
  expect(statSync(`${path}-wal`).size).toBe(0);
  expect(await second.exists('b', 'k')).toBe(true);
  await second.close();
  expect(readdirSync(folder)).toEqual(['store.db']);
  const again = openSqlite(path);
  expect(await again.list('b')).toEqual({ keys: ['k', 'l'], cursor: undefined });
  await again.close();
});

test('versions and ids continue after reopening', async () => {
  let store = openSqlite(path);
  await store.set('b', 'k', one);
  const { version } = await store.read('b', 'k');
  await store.delete('b', 'k');
  await store.close();
  store = openSqlite(path);
  await store.set('b', 'k', one);
  expect((await store.read('b', 'k')).version).toBeGreaterThan(version + 1n);
  await store.close();
});

test('a missing store is not created with create: false', () => {
  const path = join(folder, 'none', 'store.db');
  expect(() => openSqlite(path, { create: false })).toThrow(/does not exist/);
  expect(existsSync(dirname(path))).toBe(false);
  openSqlite(path).close();
  openSqlite(path, { create: false }).close();
});

test('an empty file becomes a store', async () => {
  writeFileSync(path, '');
  const store = openSqlite(path);
  await store.set('b', 'k', one);
  await store.close();
});

test('the file has our application id and schema version, and is in WAL mode', async () => {
  const store = openSqlite(path);
  await store.set('b', 'k', one);
  const database = connect(path, 0, true);
  const pragma = (name: string): unknown => database.pragma(name, { simple: true });
  expect(pragma('application_id')).toBe(0x776d6370n);
  expect(pragma('user_version')).toBe(4n);
  expect(pragma('journal_mode')).toBe('wal');
  database.close();
  await store.close();
});

test('a writer that does not finish makes a call fail as busy, without a change', async () => {
  const store = openSqlite(path, { busyTimeout: 20 });
  await store.increment('b', 'n', 1n, S64);
  const other = connect(path, 0);
  other.exec('BEGIN IMMEDIATE');
  const busy = expect.objectContaining({ code: 'store-busy', message: expect.stringContaining(path) });
  expect(() => store.increment('b', 'n', 1n, S64)).toThrow(busy);
  expect(() => store.set('b', 'k', one)).toThrow(busy);
  expect(Buffer.from((await store.get('b', 'n'))!).toString()).toBe('1');
  await store.close();
  other.exec('ROLLBACK');
  other.close();
});

test('connections keep little of the large values that they write', async () => {
  const stores = Array.from({ length: 10 }, () => openSqlite(path));
  const value = new Uint8Array(15 * 1024 ** 2).fill(7);
  await stores[0]!.set('b', 'k', value);
  const before = process.memoryUsage.rss();
  for (const store of stores) await store.set('b', 'k', value);
  const kept = process.memoryUsage.rss() - before;
  for (const store of stores) await store.close();
  expect(kept / 1024 ** 2).toBeLessThan(70);
});

test('closing does not wait for a writer', async () => {
  const store = openSqlite(path, { busyTimeout: 60_000 });
  await store.set('b', 'k', one);
  const other = connect(path, 0);
  other.exec('BEGIN IMMEDIATE');
  const start = performance.now();
  await store.close();
  expect(performance.now() - start).toBeLessThan(30_000);
  other.exec('ROLLBACK');
  other.close();
});

test('the schema of a prepared file is not trusted', () => {
  const connection = connect(path, 0);
  expect(connection.pragma('trusted_schema', { simple: true })).toBe(0n);
  connection.close();
});

test('a new store that another process has locked is busy', () => {
  sql('');
  const other = connect(path, 0);
  other.exec('BEGIN EXCLUSIVE');
  expect(() => openSqlite(path, { busyTimeout: 20 })).toThrow(
    expect.objectContaining({ code: 'store-busy' }),
  );
  other.exec('ROLLBACK');
  other.close();
});
