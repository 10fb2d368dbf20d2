import { expect, test } from 'vitest';
import { noDisks } from './disk.ts';
import { powerCutCampaign } from './powercut.ts';

test.skipIf(noDisks() !== undefined).each([{ firstStart: false }, { firstStart: true }])(
  'nothing acknowledged is lost when the power is cut, %o',
  async ({ firstStart }) => {
    const report = await powerCutCampaign({ cuts: 1, seed: 1, clients: 16, durability: 'power', firstStart });
    expect(report).toMatchObject({ lost: 0, phantom: 0, damaged: 0 });
  },
  120_000,
);
