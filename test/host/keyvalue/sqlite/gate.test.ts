import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { WasmcpError } from '../../../../host/error.ts';
import type { OutputGate } from '../../../../host/keyvalue/gate.ts';
import { openSqliteGate } from '../../../../host/keyvalue/sqlite/gate.ts';
import { openSqlite } from '../../../../host/keyvalue/sqlite/open.ts';
import type { Store } from '../../../../host/keyvalue/store.ts';

const one = Uint8Array.of(1);
let folder: string;
let path: string;
let store: Store;
let broken: WasmcpError[];
let gate: OutputGate;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyvalue-'));
  path = join(folder, 'store.db');
  store = openSqlite(path, { durability: 'power' });
  broken = [];
  gate = openSqliteGate(path, { broken: (failure) => broken.push(failure) });
});

afterEach(async () => {
  await gate.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Passes in a turn of its own; answers whether it had to wait. */
function pass(): Promise<{ waited: boolean; failure: string | undefined }> {
  return new Promise((resolve) =>
    setImmediate(() => {
      let waited = false;
      gate.pass((failure) => resolve({ waited, failure: failure?.code }));
      waited = true;
    }),
  );
}

const waited = { waited: true, failure: undefined };
const atOnce = { waited: false, failure: undefined };

test('a commit is waited for, a reading is not', async () => {
  await store.set('b', 'k', one);
  expect(await pass()).toEqual(waited);
  await store.get('b', 'k');
  expect(await pass()).toEqual(atOnce);
  await store.delete('b', 'k');
  expect(await pass()).toEqual(waited);
  expect(await pass()).toEqual(atOnce);
});

test('a commit of another process is waited for', async () => {
  await pass();
  const child = fork(new URL('./counting-process.ts', import.meta.url), { execArgv: [] });
  child.send({ path, times: 1 });
  await once(child, 'message');
  expect(await pass()).toEqual(waited);
  child.disconnect();
  await once(child, 'exit');
});

test('a log that starts anew, and the end of other connections, do not disturb it', async () => {
  for (let round = 0; round < 3; round++) {
    const other = openSqlite(path, { durability: 'power' });
    for (let n = 0; n < 400; n++) await other.set('b', `${n}`, new Uint8Array(20_000));
    await other.close();
    expect(await pass()).toEqual(waited);
  }
  expect(broken).toEqual([]);
});

test.each(['store.db', 'store.db-wal'])('nothing leaves once %s was deleted', async (name) => {
  await pass();
  rmSync(join(folder, name));
  await store.set('b', 'k', one);
  expect(await pass()).toEqual({ waited: true, failure: 'store-broken' });
  expect(await pass()).toEqual({ waited: false, failure: 'store-broken' });
  expect(broken).toMatchObject([{ message: expect.stringMatching(/was deleted while it was open/) }]);
});

test('nothing leaves once the file was replaced', async () => {
  await pass();
  renameSync(path, `${path}.old`);
  writeFileSync(path, '');
  await store.set('b', 'k', one);
  expect(await pass()).toEqual({ waited: true, failure: 'store-broken' });
  expect(broken).toMatchObject([{ message: expect.stringMatching(/was replaced while it was open/) }]);
});
