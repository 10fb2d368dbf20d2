import { expect, test } from 'vitest';
import { createRecentKinds } from '../../src/engine/recent-kinds.ts';

test('others are expected for a while after one of them', () => {
  const kinds = createRecentKinds();
  expect(kinds.hasOther('/a', 0)).toBe(false);
  kinds.seen('/a', 1000);
  kinds.seen('/a', 2000);
  expect([kinds.hasOther('/a', 2000), kinds.hasOther('/b', 2000)]).toEqual([false, true]);
  for (let now = 3000; now <= 20_000; now += 1000) kinds.seen('/b', now);
  // The last one of `/a` was long ago, `/b` goes on.
  expect([kinds.hasOther('/a', 20_000), kinds.hasOther('/b', 20_000)]).toEqual([true, false]);
  expect(kinds.hasOther('/a', 30_000)).toBe(false);
});
