import { expect, test } from 'vitest';
import { createInference } from '../../../src/mcp/edge/inference.ts';

test('an inference needs three consecutive confirmations', () => {
  const inference = createInference();
  const results: boolean[] = [];
  for (const fits of [true, true, false, true, true, true, true]) {
    if (fits) inference.confirm();
    else inference.refute();
    results.push(inference.holds());
  }
  expect(results).toEqual([false, false, false, false, false, true, true]);
});

test('one contradiction ends it', () => {
  const inference = createInference();
  for (let i = 0; i < 5; i++) inference.confirm();
  inference.refute();
  expect(inference.holds()).toBe(false);
});

test('it expires, and holds again after one confirmation', () => {
  const inference = createInference(20);
  for (let i = 0; i < 3; i++) inference.confirm();
  const start = performance.now();
  while (inference.holds()) if (performance.now() - start > 10_000) throw new Error('it holds for ever');
  inference.confirm();
  expect(inference.holds()).toBe(true);
});
