import { expect, test } from 'vitest';
import { FIRST_QUANTUM, Quantum } from '../../src/metering/quantum.ts';

/** Quantums of a guest that takes so many nanoseconds for a unit. */
function quantums(nanoseconds: number, count: number): { readonly last: number; readonly took: number } {
  const quantum = new Quantum();
  let now = 0;
  quantum.resume(now);
  let last = quantum.units;
  let took = 0;
  for (let n = 0; n < count; n += 1) {
    took = (last * nanoseconds) / 1e6;
    now += took;
    last = quantum.next(now);
  }
  return { last, took };
}

test.each([0.1, 0.3, 1.5, 10, 70])('of a guest with units of %s ns soon take about 150 µs', (nanoseconds) => {
  const { took } = quantums(nanoseconds, 15);
  expect(took).toBeGreaterThan(0.07);
  expect(took).toBeLessThan(0.31);
});

test('are bounded, whatever the clock says', () => {
  expect(quantums(0, 100).last).toBe(50_000_000);
  expect(quantums(1e9, 100).last).toBe(2000);
});

test('stay the same when the guest has not had the thread all the time', () => {
  const quantum = new Quantum();
  expect(quantum.next(1000)).toBe(FIRST_QUANTUM);
  quantum.interrupt();
  expect(quantum.next(9000)).toBe(FIRST_QUANTUM);
});
