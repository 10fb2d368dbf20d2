/**
 * Kills one of two hosts while they run tasks of MCP clients, and checks that each acknowledged task is known afterwards, and has the
 * end that it should have:
 *
 *   npm run campaign:tasks -- [--store sqlite|postgres|redis|valkey] [--cycles 200] [--seed 1] [--clients 8]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { campaign, number } from './command.ts';
import { engineName, startEngine } from './engine.ts';
import { type TasksReport, tasksCampaign } from './tasks.ts';

const FAULTS = ['unknown', 'withoutResult', 'unfinished', 'changed', 'unfounded'] as const;

await campaign({ store: 'sqlite', cycles: '200', seed: '1', clients: '8' }, async (values, progress) => {
  const folder = mkdtempSync(join(tmpdir(), 'wasmcp-node-tasks-'));
  const engine = values.store === 'sqlite' ? undefined : await startEngine(engineName(values.store));
  try {
    const report: TasksReport = await tasksCampaign({
      store: engine?.url ?? `sqlite:${join(folder, 'store.db')}`,
      cycles: number(values.cycles),
      seed: number(values.seed),
      clients: number(values.clients),
      progress,
    });
    return { report, passed: FAULTS.every((name) => report[name] === 0) && report.acknowledged > 0 };
  } finally {
    await engine?.close();
    rmSync(folder, { recursive: true });
  }
});
