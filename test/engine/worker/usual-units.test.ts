import { expect, test } from 'vitest';
import { UsualUnits } from '../../../src/engine/worker/usual-units.ts';

/** After requests that executed so many units each. */
function usual(...units: readonly number[]): UsualUnits {
  const one = new UsualUnits();
  for (const each of units) one.add(each);
  return one;
}

test('the first requests of a thread are not heavy, as nothing is known of others', () => {
  expect(usual().isExceeded(1e9)).toBe(false);
});

test('a request is heavy from four times of what others execute, but not while it is small', () => {
  const large = usual(1e6, 1e6, 1e6);
  expect([large.isExceeded(3.9e6), large.isExceeded(4.1e6)]).toEqual([false, true]);
  const small = usual(1000, 1000, 1000);
  expect([small.isExceeded(200_000), small.isExceeded(300_000)]).toEqual([false, true]);
});

test('a single heavy request changes little, but what most requests execute is not heavy for long', () => {
  const requests = usual(1e6, 1e6, 1e6, 1e12);
  expect([requests.isExceeded(4.7e6), requests.isExceeded(5e6)]).toEqual([false, true]);
  for (let n = 0; n < 30; n += 1) requests.add(1e7);
  expect(requests.isExceeded(1e7)).toBe(false);
});
