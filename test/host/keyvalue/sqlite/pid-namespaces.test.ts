import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSqlite } from '../../../../host/keyvalue/sqlite/open.ts';

const NAMESPACE = ['--pid', '--fork', '--kill-child', '--mount-proc'];
const ROUNDS = 30;
const canUnshare = spawnSync('unshare', [...NAMESPACE, 'true']).status === 0;

let folder: string;
let children: ChildProcess[] = [];

beforeEach(({ skip }) => {
  skip(!canUnshare, 'unshare cannot create PID namespaces here: it needs Linux and its rights');
  folder = mkdtempSync(join(tmpdir(), 'keyvalue-'));
});

afterEach(async () => {
  for (const child of children) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  children = [];
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** A process that sees no other one, as in a container. */
async function isolated(): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('./counting-process.ts', import.meta.url));
  const child = spawn('unshare', [...NAMESPACE, process.execPath, script], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  children.push(child);
  return child;
}

test('processes of several PID namespaces open one store at the same moment', {
  timeout: 120_000,
}, async () => {
  const processes = [await isolated(), await isolated(), await isolated()];
  for (let round = 0; round < ROUNDS; round++) {
    const path = join(folder, `${round}.db`);
    await openSqlite(path).close();
    const replies = processes.map((child) => once(child, 'message'));
    const at = Date.now() + 20;
    for (const child of processes) child.send({ path, times: 1, keep: true, at });
    expect((await Promise.all(replies)).flat()).toEqual([
      'done',
      undefined,
      'done',
      undefined,
      'done',
      undefined,
    ]);
    const store = openSqlite(path);
    expect(Buffer.from((await store.get('b', 'n'))!).toString()).toBe('3');
    await store.close();
  }
});
