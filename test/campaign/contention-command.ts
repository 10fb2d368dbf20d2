/**
 * Processes that count in one store, and processes that create one store at the same moment:
 *
 *   npm run campaign:contention -- [--processes 8] [--increments 5000] [--races 1000]
 *
 * Tests locks, so the store is on a file system in memory if there is one.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../host/index.ts';
import { campaign, number } from './command.ts';

/** The problems; empty if all processes counted and the sum is right. */
async function count(children: readonly ChildProcess[], path: string, times: number): Promise<string[]> {
  const answers = children.map(async (child) => {
    child.send({ path, times });
    const [said] = await once(child, 'message');
    return String(said);
  });
  const refused = (await Promise.all(answers)).filter((said) => said !== 'done');
  const store = await openStore(`sqlite:${path}`);
  const value = await store.get('b', 'n');
  await store.close();
  const sum = Buffer.from(value ?? []).toString();
  return sum === String(children.length * times) ? refused : [...refused, `the sum is ${sum}`];
}

await campaign({ processes: '8', increments: '5000', races: '1000' }, async (values, progress) => {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'wasmcp-node-contention-'));
  const script = new URL('../host/keyvalue/sqlite/counting-process.ts', import.meta.url);
  const children = Array.from({ length: number(values.processes) }, () => fork(script, { execArgv: [] }));
  const races = { run: 0, wrong: 0 };
  try {
    const wrong = await count(children, join(folder, 'shared.db'), number(values.increments));
    const exact = wrong.length === 0;
    progress(`${values.processes} × ${values.increments} increments: ${exact ? 'exact' : wrong.join(', ')}`);
    for (; races.run < number(values.races); races.run++) {
      const lost = await count(children.slice(0, 3), join(folder, `${races.run}`, 'store.db'), 1);
      if (lost.length > 0) races.wrong++;
    }
    return { report: { exact, races }, passed: exact && races.wrong === 0 };
  } finally {
    for (const child of children) {
      child.disconnect();
      await once(child, 'exit');
    }
    rmSync(folder, { recursive: true });
  }
});
