import { expect, test } from 'vitest';
import { crashCampaign } from './crash.ts';

test('nothing acknowledged is lost when the server is killed', async () => {
  const report = await crashCampaign({ cycles: 2, seed: 1, clients: 16, durability: 'power' });
  expect(report).toMatchObject({ lost: 0, phantom: 0, damaged: 0, refused: 0 });
}, 120_000);
