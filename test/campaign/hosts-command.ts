/**
 * Two hosts behind nginx, each request to the next one: 1,000 parallel calls of one session, then load on many sessions while a
 * host, and after that the engine, is killed and started again:
 *
 *   npm run campaign:hosts -- [--store postgres] [--sessions 500] [--calls 1000] [--load 5000]
 *
 * `--store` is `postgres` (needs its server programs) or `sqlite`; `--load` is the milliseconds before, during and after each
 * absence.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../support/postgres.ts';
import { campaign, number } from './command.ts';
import { fileIn, hasPassed, hostsCampaign } from './hosts.ts';

const DEFAULTS = { store: 'postgres', sessions: '500', calls: '1000', load: '5000' };

await campaign(DEFAULTS, async (values, progress) => {
  const folder = mkdtempSync(join(tmpdir(), 'wasmcp-node-hosts-'));
  const postgres = values.store === 'postgres' ? await startPostgres() : undefined;
  const url = postgres?.url() ?? fileIn(folder);
  const engine = postgres && {
    url,
    kill: () => postgres.stop('immediate'),
    start: () => postgres.start(),
  };
  try {
    const numbers = {
      sessions: number(values.sessions),
      calls: number(values.calls),
      load: number(values.load),
    };
    const report = await hostsCampaign({ store: url, engine, ...numbers, progress });
    return { report, passed: hasPassed(report) };
  } finally {
    await postgres?.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
