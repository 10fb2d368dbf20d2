/**
 * Guests that sleep, clients that do not read, and clients that disconnect:
 *
 *   npm run campaign:streams -- [--clients 500]
 */
import { campaign, number } from './command.ts';
import { passed, streamsCampaign } from './streams.ts';

await campaign({ clients: '500' }, async (values, progress) => {
  const report = await streamsCampaign(number(values.clients), progress);
  return { report, passed: passed(report) };
});
