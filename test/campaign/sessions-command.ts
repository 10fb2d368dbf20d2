/**
 * MCP sessions that continue after a `kill -9` in the middle of their conversations:
 *
 *   npm run campaign:sessions -- [--sessions 500]
 */
import { campaign, number } from './command.ts';
import { sessionsCampaign } from './sessions.ts';

await campaign({ sessions: '500' }, async (values) => {
  const report = await sessionsCampaign(number(values.sessions));
  return { report, passed: report.open === report.wentOn && report.ended === report.stayedEnded };
});
