import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, linkSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSqlite } from '../../../../host/keyvalue/sqlite/open.ts';

const one = Uint8Array.of(1);
let folder: string;
let path: string;
let child: ChildProcess;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyvalue-'));
  path = join(folder, 'store.db');
  child = fork(new URL('./counting-process.ts', import.meta.url), { execArgv: [] });
  child.send({ path, times: 3, keep: true });
  await once(child, 'message');
});

afterEach(async () => {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  rmSync(folder, { recursive: true });
});

test('a store whose -shm was deleted under another process is not opened while that process runs', async () => {
  rmSync(`${path}-shm`);
  const refused = (): unknown =>
    expect(() => openSqlite(path)).toThrow(
      expect.objectContaining({
        code: 'store-unusable',
        message: expect.stringMatching(
          /store\.db is in use, but not with \S+store\.db-shm: that was deleted, or .* stop every process/,
        ) as unknown,
      }),
    );
  refused();
  // The first attempt has left no `-shm` behind that the second one could share.
  refused();
  child.kill('SIGKILL');
  await once(child, 'exit');
  const store = openSqlite(path);
  expect(Buffer.from((await store.get('b', 'n'))!).toString()).toBe('3');
  await store.close();
});

test('a store that another process uses by a hard link is not opened by its other name', async () => {
  const other = join(folder, 'other.db');
  linkSync(path, other);
  expect(() => openSqlite(other)).toThrow(/other\.db is in use, but not with \S+other\.db-shm/);
  symlinkSync(path, join(folder, 'link.db'));
  const store = openSqlite(join(folder, 'link.db'));
  expect(Buffer.from((await store.get('b', 'n'))!).toString()).toBe('3');
  await store.close();
});

test('a process with a deleted -shm stops writing, and loses nothing of the others when it closes', async () => {
  const mine = openSqlite(path);
  await mine.set('b', 'mine', one);
  rmSync(`${path}-shm`);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(() => mine.set('b', 'late', one)).toThrow(/store\.db-shm was deleted while it was open/);
  // It has checkpointed nothing, and the log remains for the next process.
  const before = [readFileSync(path), readFileSync(`${path}-wal`)];
  await mine.close();
  expect([readFileSync(path), readFileSync(`${path}-wal`)]).toEqual(before);
  const next = openSqlite(path);
  expect(await next.list('b')).toMatchObject({ keys: ['n', 'mine'] });
  await next.close();
});

test('a process with a deleted log checkpoints it when it closes', async () => {
  const mine = openSqlite(path);
  await mine.set('b', 'mine', one);
  rmSync(`${path}-wal`);
  expect(() => mine.set('b', 'late', one)).toThrow(/store\.db-wal was deleted while it was open/);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await mine.close();
  expect(existsSync(`${path}-wal`)).toBe(false);
  const next = openSqlite(path);
  expect(await next.list('b')).toMatchObject({ keys: ['n', 'mine'] });
  await next.close();
});
