import { expect, test } from 'vitest';
import { sessionsCampaign } from './sessions.ts';

test('sessions survive a kill of the server, and ended ones stay ended', async () => {
  expect(await sessionsCampaign(20)).toEqual({ open: 20, wentOn: 20, ended: 2, stayedEnded: 2 });
}, 120_000);
