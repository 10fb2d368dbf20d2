import { mkdtempSync, rmSync, statSync, symlinkSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { WasmcpError } from '../../../../host/error.ts';
import type { Housekeeping, HousekeepingOptions } from '../../../../host/keyvalue/driver.ts';
import { connect } from '../../../../host/keyvalue/sqlite/connection.ts';
import { startHousekeeping } from '../../../../host/keyvalue/sqlite/housekeeping.ts';
import { openSqlite } from '../../../../host/keyvalue/sqlite/open.ts';
import type { Store } from '../../../../host/keyvalue/store.ts';

const MEBIBYTE = 1024 * 1024;
let folder: string;
let path: string;
let store: Store;
let housekeeping: Housekeeping | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyvalue-'));
  path = join(folder, 'store.db');
  store = openSqlite(path, { durability: 'process' });
});

afterEach(async () => {
  await housekeeping?.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function start(options: HousekeepingOptions): void {
  housekeeping = startHousekeeping(path, { interval: 10, ...options });
}

function logSize(): number {
  return statSync(`${path}-wal`).size;
}

test('a log that has grown during a long read is checkpointed after it', async () => {
  start({ logLimit: 4 * MEBIBYTE });
  const reader = connect(path, 0, true);
  reader.exec('BEGIN');
  reader.prepare('SELECT count(*) FROM kv').get();
  for (let n = 0; n < 400; n++) await store.set('b', 'k', new Uint8Array(20_000).fill(n));
  expect(logSize()).toBeGreaterThan(4 * MEBIBYTE);
  reader.exec('COMMIT');
  reader.close();
  await vi.waitFor(() => expect(logSize()).toBe(0), 10_000);
  expect(await store.get('b', 'k')).toEqual(new Uint8Array(20_000).fill(399));
});

test.each(['store.db', 'store.db-wal', 'store.db-shm'])(
  'deletion of %s is detected without a request',
  async (name) => {
    const broken: WasmcpError[] = [];
    start({ broken: (failure) => broken.push(failure) });
    rmSync(join(folder, name));
    await vi.waitFor(() => expect(broken).toHaveLength(1), 10_000);
    expect(broken).toMatchObject([{ code: 'store-broken', message: expect.stringMatching(/was deleted/) }]);
  },
);

test('a link that now leads to another store is detected', async () => {
  const link = join(folder, 'link.db');
  const other = join(folder, 'other.db');
  await openSqlite(other).close();
  symlinkSync(path, link);
  const broken: WasmcpError[] = [];
  housekeeping = startHousekeeping(link, { interval: 10, broken: (failure) => broken.push(failure) });
  rmSync(link);
  symlinkSync(other, link);
  await vi.waitFor(() => expect(broken).toHaveLength(1), 10_000);
  expect(broken[0]!.message).toMatch(/link\.db was (deleted|replaced) while it was open/);
});

test('a reserve is kept beside the store, and recreated', async () => {
  start({});
  const size = statSync(`${path}-reserve`).size;
  expect(size).toBe(12 * MEBIBYTE);
  expect(statSync(`${path}-reserve`).blocks * 512).toBeGreaterThanOrEqual(size);
  rmSync(`${path}-reserve`);
  await vi.waitFor(() => expect(statSync(`${path}-reserve`).size).toBe(size), 10_000);
  truncateSync(`${path}-reserve`, MEBIBYTE);
  await vi.waitFor(() => expect(statSync(`${path}-reserve`).size).toBe(size), 10_000);
});
