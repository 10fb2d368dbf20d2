import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { maintain } from '../../../../host/keyvalue/maintenance.ts';
import { connect } from '../../../../host/keyvalue/sqlite/connection.ts';
import { openSqlite } from '../../../../host/keyvalue/sqlite/open.ts';
import { MIGRATIONS, migrate } from '../../../../host/keyvalue/sqlite/schema.ts';

const one = Uint8Array.of(1);
let folder: string;
let path: string;
let other: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyvalue-'));
  path = join(folder, 'store.db');
  other = join(folder, 'other.db');
});

afterEach(() => rmSync(folder, { recursive: true }));

/** Copies the file and its log, as a crash would leave them, under another name. */
async function crashed(from: string, to: string): Promise<void> {
  const store = openSqlite(from);
  await store.set('b', 'k', one);
  copyFileSync(from, to);
  copyFileSync(`${from}-wal`, `${to}-wal`);
  await store.close();
}

async function cleanly(at: string): Promise<void> {
  const store = openSqlite(at);
  await store.set('b', 'mine', one);
  await store.close();
}

const refused = expect.objectContaining({
  code: 'store-unusable',
  message: expect.stringMatching(/store\.db and its log do not belong together: move \S+-wal away/),
}) as Error;

test('the log of another store is refused and left unchanged; without it the store opens with all data', async () => {
  await cleanly(path);
  await crashed(other, join(folder, 'crash.db'));
  copyFileSync(join(folder, 'crash.db-wal'), `${path}-wal`);
  const before = [readFileSync(path), readFileSync(`${path}-wal`)];
  expect(() => openSqlite(path)).toThrow(refused);
  await expect(maintain(`sqlite:${path}`).info()).rejects.toThrow(refused);
  expect([readFileSync(path), readFileSync(`${path}-wal`)]).toEqual(before);
  rmSync(`${path}-wal`);
  const store = openSqlite(path);
  expect(await store.list('b')).toMatchObject({ keys: ['mine'] });
  await store.close();
});

test('the log of a crash is recovered, even if the file is still empty', async () => {
  const left = join(folder, 'left.db');
  await crashed(path, left);
  const first = openSqlite(left);
  expect(await first.get('b', 'k')).toEqual(one);
  await first.close();
  await crashed(left, path);
  const second = openSqlite(path);
  expect(await second.get('b', 'k')).toEqual(one);
  await second.close();
});

test('a backup beside the log of its original is refused', async () => {
  await cleanly(path);
  await maintain(`sqlite:${path}`).backup(other);
  await crashed(path, join(folder, 'crash.db'));
  copyFileSync(join(folder, 'crash.db-wal'), `${path}-wal`);
  copyFileSync(other, path);
  expect(() => openSqlite(path)).toThrow(refused);
});

test('a store of the first schema gets its name at the next start, and keeps its data', async () => {
  const connection = connect(path, 0);
  migrate(connection, path, MIGRATIONS.slice(0, 1));
  connection.close();
  await maintain(`sqlite:${path}`).backup(other);
  await cleanly(path);
  await crashed(path, other.replace('other', 'crash'));
  await cleanly(other);
  copyFileSync(join(folder, 'crash.db-wal'), `${other}-wal`);
  expect(() => openSqlite(other)).toThrow(/do not belong together/);
  expect(existsSync(`${path}-wal`)).toBe(false);
});

test('connections opened while others write do not refuse the log', async () => {
  const stores = [openSqlite(path)];
  for (let n = 0; n < 30; n++) {
    for (const store of stores) await store.set('b', `${n}`, new Uint8Array(50_000));
    stores.push(openSqlite(path));
  }
  for (const store of stores) await store.close();
  expect(await maintain(`sqlite:${path}`).check()).toEqual([]);
});
