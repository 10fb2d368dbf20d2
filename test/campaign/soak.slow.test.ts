import { expect, test } from 'vitest';
import { soak } from './soak.ts';

test('mixed requests succeed, and memory does not grow', async () => {
  for (const { component, steps, failures, examples, early, late } of await soak({
    seconds: 20,
    seed: 1,
    clients: 2,
  })) {
    expect([component, failures, examples]).toEqual([component, 0, []]);
    expect(steps).toBeGreaterThan(5);
    // This early, heaps still grow to their size, and workers are started. A kept instance takes a megabyte, as does a body.
    expect(late - early).toBeLessThan(250);
  }
}, 120_000);
