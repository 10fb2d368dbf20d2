import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSqlite } from '../../../../host/keyvalue/sqlite/open.ts';

// This tests locks, not the disk: a file system in memory saves the time for syncs.
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'keyvalue-'));
const children: ChildProcess[] = [];

beforeAll(() => {
  const script = new URL('./counting-process.ts', import.meta.url);
  for (let n = 0; n < 8; n++) children.push(fork(script, { execArgv: [] }));
});

afterAll(async () => {
  for (const child of children) {
    child.disconnect();
    await once(child, 'exit');
  }
  rmSync(folder, { recursive: true });
});

/** Lets all of `processes` count in one store at the same time; returns their messages. */
function count(
  processes: ChildProcess[],
  path: string,
  times: number,
  keep: boolean = false,
): Promise<unknown[]> {
  return Promise.all(
    processes.map(async (child) => {
      child.send({ path, times, keep });
      const [said] = await once(child, 'message');
      return said;
    }),
  );
}

async function counted(path: string): Promise<string> {
  const store = openSqlite(path);
  const value = await store.get('b', 'n');
  await store.close();
  return Buffer.from(value ?? []).toString();
}

test('eight processes increment a counter of one store without losing any', async () => {
  const path = join(folder, 'shared.db');
  expect(await count(children, path, 50)).toEqual(Array(8).fill('done'));
  expect(await counted(path)).toBe('400');
});

test('several processes create one store at the same time, a hundred times', async () => {
  for (let round = 0; round < 100; round++) {
    const path = join(folder, `race-${round}`, 'store.db');
    expect(await count(children.slice(0, 3), path, 1)).toEqual(Array(3).fill('done'));
    expect(await counted(path)).toBe('3');
  }
}, 60_000);

test('several processes create one store at the same time and keep it open, thirty times', async () => {
  for (let round = 0; round < 30; round++) {
    const path = join(folder, `kept-${round}.db`);
    expect(await count(children.slice(0, 3), path, 1, true)).toEqual(Array(3).fill('done'));
  }
}, 60_000);

test('threads of one process create and use one store, each with its own connection', async () => {
  const path = join(folder, 'threads.db');
  const module = new URL('../../../../host/keyvalue/sqlite/open.ts', import.meta.url).href;
  const code = `import(${JSON.stringify(module)}).then(({ openSqlite }) => {
    const store = openSqlite(${JSON.stringify(path)});
    for (let n = 0; n < 50; n++) store.increment('b', 'n', 1n, { min: 0n, max: 1000n });
    store.close();
  });`;
  const workers = Array.from({ length: 4 }, () => new Worker(code, { eval: true }));
  expect(await Promise.all(workers.map((worker) => once(worker, 'exit')))).toEqual(Array(4).fill([0]));
  expect(await counted(path)).toBe('200');
});
