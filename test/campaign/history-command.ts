/**
 * Lets processes work on one store, kills some, and checks the history of each key for linearizability:
 *
 *   npm run campaign:history -- [--processes 8] [--operations 2000] [--keys 200] [--kills 40] [--seed 1]
 */
import { campaign, number } from './command.ts';
import { historyCampaign } from './history.ts';

const defaults = { processes: '8', operations: '2000', keys: '200', kills: '40', seed: '1' };
await campaign(defaults, async (values) => {
  const report = await historyCampaign({
    processes: number(values.processes),
    operations: number(values.operations),
    keys: number(values.keys),
    kills: number(values.kills),
    seed: number(values.seed),
  });
  return { report, passed: report.violations.length === 0 };
});
