import { expect, test } from 'vitest';
import { soak } from './soak.ts';

test('mixed requests go as they should, and memory does not grow with them', async () => {
  for (const { component, steps, failures, examples, early, late } of await soak({
    seconds: 20,
    seed: 1,
    clients: 2,
  })) {
    expect([component, failures, examples]).toEqual([component, 0, []]);
    expect(steps).toBeGreaterThan(20);
    // The heaps still grow to their size so early; a kept instance or body would be a megabyte each.
    expect(late - early).toBeLessThan(100);
  }
}, 120_000);
