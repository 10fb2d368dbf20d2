import { expect, test } from 'vitest';
import { streamsCampaign } from './streams.ts';

test('guests sleep concurrently, slow clients use little memory, and disconnected ones leave nothing behind', async () => {
  const { sleepers, events, stalled, leaving } = await streamsCampaign(3);
  expect(sleepers).toBeLessThan(1500);
  expect(events.first).toBeLessThan(events.last - 600);
  expect(stalled.most - stalled.before).toBeLessThan(150);
  expect(leaving.clients).toBe(33);
  expect(leaving.answered).toBeGreaterThan(16);
  expect(leaving.rest).toBeLessThan(leaving.timeout + 1000);
}, 60_000);
