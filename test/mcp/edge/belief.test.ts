import { expect, test } from 'vitest';
import { createBelief } from '../../../src/mcp/edge/belief.ts';

test('it takes three answers in a row', () => {
  const belief = createBelief();
  const held: boolean[] = [];
  for (const fits of [true, true, false, true, true, true, true]) {
    if (fits) belief.confirm();
    else belief.deny();
    held.push(belief.held());
  }
  expect(held).toEqual([false, false, false, false, false, true, true]);
});

test('one that contradicts ends it', () => {
  const belief = createBelief();
  for (let i = 0; i < 5; i++) belief.confirm();
  belief.deny();
  expect(belief.held()).toBe(false);
});

test('it is held for a while only, and then again after one', () => {
  const belief = createBelief(20);
  for (let i = 0; i < 3; i++) belief.confirm();
  const start = performance.now();
  while (belief.held()) if (performance.now() - start > 10_000) throw new Error('it is held for ever');
  belief.confirm();
  expect(belief.held()).toBe(true);
});
