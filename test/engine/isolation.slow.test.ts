import { expect, test } from 'vitest';
import { inParallel } from '../support/parallel.ts';
import { RAW_GLUE_PATIENCE, rawGlue } from '../support/raw-glue.ts';
import { create } from '../support/serving.ts';

const TIME = 120_000 * (rawGlue ? RAW_GLUE_PATIENCE : 1);

test(
  'instances that trap are replaced: of 10,000 requests exactly every tenth fails',
  async () => {
    const { server } = await create('misbehave');
    const statuses = new Map<number, number>();
    let half = 0;
    await inParallel(8, 10_000, async (i) => {
      if (i === 5000) half = process.memoryUsage.rss();
      const response = await server.fetch(new Request(`http://lab/${i % 10 === 0 ? 'trap' : 'ok'}`));
      await response.text();
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
    });
    expect(Object.fromEntries(statuses)).toEqual({ 200: 9000, 500: 1000 });
    // Five hundred instances trapped in the second half, each with more than a megabyte.
    expect((process.memoryUsage.rss() - half) / 1024 ** 2).toBeLessThan(100);
  },
  TIME,
);
