import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { openSqlite } from '../../../../host/keyvalue/sqlite/open.ts';
import { withOpeningLock } from '../../../../host/keyvalue/sqlite/opening-lock.ts';
import { folder, one, path, setUp } from './open-files.ts';

setUp();

const lock = (): string => `${path}-opening`;

let holder: ChildProcess | undefined;

/** Starts a process that holds the lock until it is killed; resolves when it holds it. */
async function hold(): Promise<void> {
  const script = fileURLToPath(new URL('./holding-process.ts', import.meta.url));
  const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  holder = child;
  expect(String((await once(child.stdout, 'data'))[0])).toBe('locked');
}

async function killHolder(): Promise<void> {
  if (holder === undefined) return;
  const exited = once(holder, 'exit');
  holder.kill('SIGKILL');
  holder = undefined;
  await exited;
}

afterEach(killHolder);

test('the lock exists only while a store is being opened, with the mode of the store', async () => {
  await openSqlite(path).close();
  chmodSync(path, 0o640);
  const store = openSqlite(path);
  expect(existsSync(lock())).toBe(false);
  await store.close();
  expect(readdirSync(folder)).toEqual(['store.db']);
  const mode = withOpeningLock(path, 0, (isLocked) => [isLocked, statSync(lock()).mode & 0o777]);
  expect(mode).toEqual([true, 0o640]);
});

test('the lock of a process that was killed is free, and removed by the next opener', async () => {
  await openSqlite(path).close();
  await hold();
  expect(withOpeningLock(path, 20, (isLocked) => isLocked)).toBe(false);
  await killHolder();
  expect(existsSync(lock())).toBe(true);
  const start = performance.now();
  const store = openSqlite(path, { busyTimeout: 60_000 });
  expect(performance.now() - start).toBeLessThan(30_000);
  expect(existsSync(lock())).toBe(false);
  await store.close();
});

test('a store is opened without the lock if its holder takes too long', async () => {
  await openSqlite(path).close();
  await hold();
  const store = openSqlite(path, { busyTimeout: 20 });
  await store.set('b', 'k', one);
  await store.close();
  expect(existsSync(lock())).toBe(true);
});

test('another file of that name is left unchanged', async () => {
  await openSqlite(path).close();
  const other = join(folder, 'store.db-opening');
  await openSqlite(other).close();
  const before = readFileSync(other);
  await openSqlite(path).close();
  expect(readFileSync(other)).toEqual(before);
  writeFileSync(other, 'text');
  await openSqlite(path).close();
  expect(readFileSync(other, 'utf8')).toBe('text');
});
