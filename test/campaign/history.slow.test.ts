import { expect, test } from 'vitest';
import { historyCampaign } from './history.ts';

test('the history of each key is linearizable, even if processes are killed', async () => {
  const report = await historyCampaign({ processes: 4, operations: 60, keys: 3, kills: 2, seed: 1 });
  expect(report).toMatchObject({ killed: 2, violations: [] });
  expect(report.operations).toBeGreaterThanOrEqual(200);
}, 120_000);
