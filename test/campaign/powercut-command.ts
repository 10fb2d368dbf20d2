/**
 * Cuts the power of the server's disk, and checks that the store has everything that was acknowledged:
 *
 *   npm run campaign:powercut -- [--cuts 100] [--controls 20] [--first-starts 50] [--seed 1] [--clients 16]
 *
 * The controls run with `--durability process` and must lose writes; otherwise the campaign would prove nothing.
 */
import { campaign, number } from './command.ts';
import { noDisks } from './disk.ts';
import { powerCutCampaign } from './powercut.ts';

const defaults = { cuts: '100', controls: '20', 'first-starts': '50', seed: '1', clients: '16' };
const missing = noDisks();
if (missing === undefined) {
  await campaign(defaults, async (values, progress) => {
    const shared = { seed: number(values.seed), clients: number(values.clients), progress };
    const power = { ...shared, durability: 'power' as const };
    const cuts = await powerCutCampaign({ ...power, cuts: number(values.cuts), firstStart: false });
    const first = await powerCutCampaign({
      ...power,
      cuts: number(values['first-starts']),
      firstStart: true,
    });
    const control = await powerCutCampaign({
      ...shared,
      durability: 'process',
      cuts: number(values.controls),
      firstStart: false,
    });
    const faults = [cuts, first].flatMap(({ lost, phantom, damaged }) => [lost, phantom, damaged]);
    return {
      report: { cuts, firstStarts: first, control },
      passed: faults.every((count) => count === 0) && (control.cuts === 0 || control.lost > 0),
    };
  });
} else {
  process.stdout.write(`skipped: ${missing}\n`);
}
