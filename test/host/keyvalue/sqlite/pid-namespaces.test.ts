import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSqlite } from '../../../../host/keyvalue/sqlite/open.ts';

// As root of a user namespace, any user may create the other namespaces.
const NAMESPACES = ['--map-root-user', '--pid', '--fork', '--kill-child', '--mount-proc'];
const ROUNDS = 10;
const canUnshare = spawnSync('unshare', [...NAMESPACES, 'true']).status === 0;

let folder: string;
let children: ChildProcess[] = [];

beforeEach(({ skip }) => {
  skip(!canUnshare, 'unshare cannot create PID namespaces here');
  folder = mkdtempSync(join(tmpdir(), 'keyvalue-'));
  const script = fileURLToPath(new URL('./counting-process.ts', import.meta.url));
  const command = [...NAMESPACES, process.execPath, script];
  children = Array.from({ length: 3 }, () =>
    spawn('unshare', command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
  );
});

afterEach(async () => {
  for (const child of children) {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }
  children = [];
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** Lets all processes open the store at the same moment, increment, and keep it open; returns their messages. */
function openAtOnce(path: string): Promise<unknown[]> {
  const at = Date.now() + 20;
  return Promise.all(
    children.map(async (child) => {
      const message = once(child, 'message');
      child.send({ path, times: 1, keep: true, at });
      return (await message)[0];
    }),
  );
}

async function counted(path: string): Promise<string> {
  const store = openSqlite(path);
  const value = await store.get('b', 'n');
  await store.close();
  return Buffer.from(value ?? []).toString();
}

test('processes that do not see each other open one store at the same moment', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const path = join(folder, `${round}.db`);
    await openSqlite(path).close();
    expect(await openAtOnce(path)).toEqual(['done', 'done', 'done']);
    expect(await counted(path)).toBe('3');
  }
}, 60_000);

test('processes that do not see each other open one store with a log and no -shm at the same moment', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const [used, path] = [join(folder, `${round}-used.db`), join(folder, `${round}.db`)];
    const store = openSqlite(used);
    await store.set('b', 'k', Uint8Array.of(1));
    for (const end of ['', '-wal']) copyFileSync(used + end, path + end);
    await store.close();
    expect(await openAtOnce(path)).toEqual(['done', 'done', 'done']);
    expect(await counted(path)).toBe('3');
  }
}, 60_000);
