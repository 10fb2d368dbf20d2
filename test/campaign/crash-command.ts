/**
 * Kills the server while it works, and checks that the store has everything that it acknowledged:
 *
 *   npm run campaign:crash -- [--cycles 200] [--seed 1] [--clients 16] [--durability power]
 */
import { campaign, durability, number } from './command.ts';
import { crashCampaign } from './crash.ts';

await campaign({ cycles: '200', seed: '1', clients: '16', durability: 'power' }, async (values, progress) => {
  const report = await crashCampaign({
    cycles: number(values.cycles),
    seed: number(values.seed),
    clients: number(values.clients),
    durability: durability(values.durability),
    progress,
  });
  return { report, passed: report.lost + report.phantom + report.damaged + report.refused === 0 };
});
