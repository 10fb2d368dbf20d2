import { expect, test } from 'vitest';
import { Resources } from '../../../src/component/glue-runtime/resources.ts';

test('resources behave as in a Map, however far apart their numbers are', () => {
  const resources = new Resources();
  const model = new Map<number, object>();
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) & 0x7fff_ffff;
    return (seed >>> 8) % below;
  };
  for (let step = 0; step < 20_000; step++) {
    const rep = 1 + random(4) * 64 + random(8) * random(100_000);
    if (random(3) === 0) expect(resources.delete(rep)).toBe(model.delete(rep));
    else {
      const resource = { step };
      resources.set(rep, resource);
      model.set(rep, resource);
    }
    expect(resources.get(rep)).toBe(model.get(rep));
    expect(resources.size).toBe(model.size);
  }
  expect(resources.entries()).toEqual([...model].toSorted(([a], [b]) => a - b));
  expect(model.size).toBeGreaterThan(64);
  for (const rep of model.keys()) expect(resources.get(rep)).toBe(model.get(rep));
});
