import { fork } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { WasmcpError } from '../../../../host/error.ts';
import type { DurabilityGate } from '../../../../host/keyvalue/durability-gate.ts';
import { maintain } from '../../../../host/keyvalue/maintenance.ts';
import { connect } from '../../../../host/keyvalue/sqlite/connection.ts';
import { openSqliteGate } from '../../../../host/keyvalue/sqlite/durability-gate.ts';
import { openSqlite } from '../../../../host/keyvalue/sqlite/open.ts';
import type { Store } from '../../../../host/keyvalue/store.ts';

const one = Uint8Array.of(1);
let folder: string;
let path: string;
let store: Store;
let broken: WasmcpError[];
let gate: DurabilityGate;

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

interface Passed {
  readonly waited: boolean;
  readonly failure: string | undefined;
}

const pass = (): Promise<Passed> => passing(gate);

/** Passes the gate in a separate turn; returns whether it had to wait. */
function passing(gate: DurabilityGate): Promise<Passed> {
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

test('waits for a commit, not for a read', async () => {
  await store.set('b', 'k', one);
  expect(await pass()).toEqual(waited);
  await store.get('b', 'k');
  expect(await pass()).toEqual(atOnce);
  await store.delete('b', 'k');
  expect(await pass()).toEqual(waited);
  expect(await pass()).toEqual(atOnce);
});

test('waits for a commit of another process', async () => {
  await pass();
  const child = fork(new URL('./counting-process.ts', import.meta.url), { execArgv: [] });
  child.send({ path, times: 1 });
  await once(child, 'message');
  expect(await pass()).toEqual(waited);
  child.disconnect();
  await once(child, 'exit');
});

test('works across restarts of the log and the end of other connections', async () => {
  for (let round = 0; round < 3; round++) {
    const other = openSqlite(path, { durability: 'power' });
    for (let n = 0; n < 400; n++) await other.set('b', `${n}`, new Uint8Array(20_000));
    await other.close();
    expect(await pass()).toEqual(waited);
  }
  expect(broken).toEqual([]);
});

const lostBy = (words: RegExp): unknown[] => [
  { code: 'store-broken', message: expect.stringMatching(words) as unknown },
];

describe.each(['store.db', 'store.db-wal', 'store.db-shm'])('once %s', (name) => {
  const changes: [string, (file: string) => void, RegExp][] = [
    [
      'was deleted',
      (file) => rmSync(file),
      /store\.db(-wal|-shm)? was deleted while it was open; stop every/,
    ],
    [
      'was replaced',
      (file) => {
        copyFileSync(file, `${file}.new`);
        renameSync(`${file}.new`, file);
      },
      /store\.db(-wal|-shm)? was replaced while it was open; stop every/,
    ],
  ];

  test.each(changes)('%s nothing is committed, read or acknowledged', async (_, change, words) => {
    await store.set('b', 'k', one);
    await pass();
    change(join(folder, name));
    expect(() => store.set('b', 'k', one)).toThrow(words);
    await vi.waitFor(async () => expect(await pass()).toEqual({ waited: false, failure: 'store-broken' }));
    expect(broken).toMatchObject(lostBy(words));
  });
});

test('after the folder was moved nothing is committed or acknowledged', async () => {
  await pass();
  renameSync(folder, `${folder}.moved`);
  expect(() => store.set('b', 'k', one)).toThrow(/store\.db was deleted while it was open/);
  await vi.waitFor(async () => expect(await pass()).toMatchObject({ failure: 'store-broken' }));
  renameSync(`${folder}.moved`, folder);
});

test('writes after the log was truncated are not acknowledged', async () => {
  for (const length of [0, 32, 5000]) {
    const [file, failures] = [join(folder, `${length}.db`), [] as WasmcpError[]];
    const damaged = openSqlite(file, { durability: 'power' });
    const guarded = openSqliteGate(file, { broken: (failure) => failures.push(failure) });
    for (let n = 0; n < 5; n++) damaged.set('b', `${n}`, one);
    expect(await passing(guarded)).toEqual(waited);
    truncateSync(`${file}-wal`, length);
    damaged.set('b', 'k', one);
    expect(await passing(guarded)).toEqual({ waited: true, failure: 'store-broken' });
    expect(failures).toMatchObject(lostBy(/-wal was (truncated|overwritten) while it was open/));
    await guarded.close();
    await damaged.close();
  }
});

test('writes with an older -shm are not acknowledged', async () => {
  await store.set('b', 'k', one);
  const older = readFileSync(`${path}-shm`);
  for (let n = 0; n < 5; n++) await store.set('b', `${n}`, one);
  await pass();
  // As another process would: in this one closing drops locks, which no other process requests here.
  const descriptor = openSync(`${path}-shm`, 'r+');
  writeSync(descriptor, older, 0, older.length, 0);
  closeSync(descriptor);
  await store.set('b', 'k', one);
  expect(await pass()).toMatchObject({ failure: 'store-broken' });
  expect(broken).toMatchObject(lostBy(/-wal was (taken back|overwritten)/));
});

test.each([
  ['an older copy', async (file: string, copy: string) => copyFileSync(file, copy)],
  ['another store', (file: string, copy: string) => maintain(`sqlite:${file}`).backup(copy)],
])('writes are not acknowledged after %s was written over the database', async (words, copy) => {
  await store.set('b', 'k', one);
  checkpoint();
  await copy(path, `${path}.copy`);
  await store.set('b', 'k', one);
  checkpoint();
  expect(await pass()).toEqual(waited);
  copyFileSync(`${path}.copy`, path);
  const noticed: unknown[] = [];
  try {
    await store.set('b', 'k', one);
  } catch (error) {
    noticed.push(error);
  }
  await vi.waitFor(async () => expect(await pass()).toMatchObject({ failure: 'store-broken' }));
  expect([...noticed, ...broken]).toMatchObject([
    {
      message: expect.stringMatching(new RegExp(`was overwritten by ${words} while it was open`)) as unknown,
    },
    // The first to detect it deletes the -shm, so that all others do too.
    ...(noticed.length > 0 ? lostBy(/-shm was deleted/) : []),
  ]);
  expect(existsSync(`${path}-shm`)).toBe(false);
});

test('works across checkpoints of this and other connections', async () => {
  for (let n = 0; n < 20; n++) {
    await store.set('b', `${n}`, new Uint8Array(10_000));
    checkpoint();
    expect(await pass()).toEqual(waited);
  }
  expect(broken).toEqual([]);
});

/** Checkpoints the log. */
function checkpoint(): void {
  const connection = connect(path, 0);
  connection.pragma('wal_checkpoint(PASSIVE)');
  connection.close();
}
