/**
 * Copies a store from a SQLite file to PostgreSQL, on to Redis and back into a file; clients write and delete during the first leg,
 * and each copy is killed in the middle and continued:
 *
 *   npm run campaign:copy -- [--keys 1000000] [--writers 4] [--seed 1]
 *
 * Needs the servers' programs.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { campaign, number } from './command.ts';
import { copyCampaign, hasPassed } from './copy.ts';
import { type EngineName, noEngine, startEngine } from './engine.ts';

await campaign({ keys: '1000000', writers: '4', seed: '1' }, async (values, progress) => {
  const names: readonly EngineName[] = ['postgres', 'redis'];
  for (const name of names) {
    const missing = noEngine(name);
    if (missing !== undefined) throw new Error(missing);
  }
  const folder = mkdtempSync(join(tmpdir(), 'wasmcp-node-copy-'));
  const engines = await Promise.all(names.map((name) => startEngine(name)));
  try {
    const report = await copyCampaign({
      keys: number(values.keys),
      writers: number(values.writers),
      seed: number(values.seed),
      folder,
      through: engines.map(({ url }) => url),
      progress,
    });
    return { report, passed: hasPassed(report) };
  } finally {
    for (const engine of engines) await engine.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
