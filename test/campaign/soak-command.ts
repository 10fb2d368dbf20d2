/**
 * Sends mixed requests for a long time, at half of the servers' full load, and measures their memory:
 *
 *   npm run soak -- [--seconds 1800] [--seed 1] [--clients 4]
 */
import { availableParallelism, cpus, release } from 'node:os';
import { version } from '../../src/version.ts';
import { campaign, number } from './command.ts';
import { soak } from './soak.ts';

const LIMIT_PERCENT = 10;

await campaign({ seconds: '1800', seed: '1', clients: '4' }, async (values, progress) => {
  const servers = await soak({
    seconds: number(values.seconds),
    seed: number(values.seed),
    clients: number(values.clients),
    progress,
  });
  return {
    report: {
      versions: { 'wasmcp-node': version, node: process.version, v8: process.versions.v8, linux: release() },
      machine: `${cpus()[0]!.model}, ${availableParallelism()} cores`,
      servers,
    },
    passed: servers.every(({ failures, growthPercent }) => failures === 0 && growthPercent < LIMIT_PERCENT),
  };
});
