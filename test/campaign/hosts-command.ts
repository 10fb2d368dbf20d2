/**
 * Two hosts behind nginx, each request to the next one: 1,000 parallel calls of one session, then load on many sessions while a
 * host, and after that the engine, is killed and started again:
 *
 *   npm run campaign:hosts -- [--store postgres] [--sessions 500] [--calls 1000] [--load 5000]
 *
 * `--store` is `postgres` or `redis` (which need its server's program), or `sqlite`, one file for two processes; `--load`
 * is the milliseconds before, during and after each absence.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { campaign, number } from './command.ts';
import { engineName, startEngine } from './engine.ts';
import { fileIn, hasPassed, hostsCampaign } from './hosts.ts';

const DEFAULTS = { store: 'postgres', sessions: '500', calls: '1000', load: '5000' };

await campaign(DEFAULTS, async (values, progress) => {
  const folder = mkdtempSync(join(tmpdir(), 'wasmcp-node-hosts-'));
  const engine = values.store === 'sqlite' ? undefined : await startEngine(engineName(values.store));
  try {
    const numbers = {
      sessions: number(values.sessions),
      calls: number(values.calls),
      load: number(values.load),
    };
    const store = engine?.url ?? fileIn(folder);
    const report = await hostsCampaign({ store, engine, ...numbers, progress });
    return { report: { store: values.store, ...report }, passed: hasPassed(report) };
  } finally {
    await engine?.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
