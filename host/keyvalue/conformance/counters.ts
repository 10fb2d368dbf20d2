import assert from 'node:assert/strict';
import type { CounterBounds } from '../store.ts';
import { bytes, fails, S64, type StoreCase, text, U64 } from './case.ts';

const EXACT: readonly (readonly [string, string, bigint, CounterBounds, bigint])[] = [
  ['the largest u64', '18446744073709551614', 1n, U64, 18446744073709551615n],
  ['beyond the largest s64', '9223372036854775807', 1n, U64, 9223372036854775808n],
  ['the largest s64', '9223372036854775806', 1n, S64, 9223372036854775807n],
  ['the smallest s64', '-9223372036854775807', -1n, S64, -9223372036854775808n],
  ['zero from below', '-1', 1n, U64, 0n],
];

const OUT_OF_BOUNDS: readonly (readonly [string, bigint, CounterBounds])[] = [
  ['18446744073709551615', 1n, U64],
  ['1', -2n, U64],
  ['-5', 0n, U64],
  ['9223372036854775807', 1n, S64],
  ['-9223372036854775808', -1n, S64],
  ['99999999999999999999', 0n, U64],
];

const NO_NUMBERS: readonly string[] = [
  '',
  ' 1',
  '1 ',
  '01',
  '00',
  '-0',
  '+1',
  '1.0',
  '1e3',
  '0x1',
  '-',
  '12abc',
  '１',
  '1\n',
  '1'.repeat(21),
];

/** `increment`. */
export const COUNTERS: readonly StoreCase[] = [
  {
    name: 'a missing counter counts as zero and is stored as decimal text',
    async run(store) {
      assert.equal(await store.increment('b', 'n', 5n, U64), 5n);
      assert.equal(await store.increment('b', 'n', 37n, U64), 42n);
      assert.equal(text(await store.get('b', 'n')), '42');
      assert.equal(await store.increment('b', 'zero', 0n, U64), 0n);
      assert.equal(text(await store.get('b', 'zero')), '0');
      assert.equal(await store.increment('b', 'down', -7n, S64), -7n);
      assert.equal(text(await store.get('b', 'down')), '-7');
    },
  },
  ...EXACT.map(
    ([where, stored, delta, bounds, sum]): StoreCase => ({
      name: `counts exactly at ${where}`,
      async run(store) {
        await store.set('b', 'n', bytes(stored));
        assert.equal(await store.increment('b', 'n', delta, bounds), sum);
        assert.equal(text(await store.get('b', 'n')), sum.toString());
      },
    }),
  ),
  ...OUT_OF_BOUNDS.map(
    ([stored, delta, bounds]): StoreCase => ({
      name: `refuses to exceed a bound (${stored} + ${delta}) and changes nothing`,
      async run(store) {
        await store.set('b', 'n', bytes(stored));
        const { version } = await store.read('b', 'n');
        await fails('number-overflow', () => store.increment('b', 'n', delta, bounds));
        assert.equal(text(await store.get('b', 'n')), stored);
        assert.equal((await store.read('b', 'n')).version, version);
        assert.equal(await store.increment('b', 'other', 1n, S64), 1n);
      },
    }),
  ),
  ...NO_NUMBERS.map(
    (stored): StoreCase => ({
      name: `does not accept ${JSON.stringify(stored)} as a number`,
      async run(store) {
        await store.set('b', 'n', bytes(stored));
        await fails('not-a-number', () => store.increment('b', 'n', 1n, U64));
        assert.equal(text(await store.get('b', 'n')), stored);
      },
    }),
  ),
  {
    name: 'a counter that would start outside the bounds is not created',
    async run(store) {
      await fails('number-overflow', () => store.increment('b', 'n', -1n, U64));
      assert.equal(await store.exists('b', 'n'), false);
    },
  },
  {
    name: 'concurrent increments are all counted',
    async run(store) {
      const sums = await Promise.all(
        Array.from({ length: 50 }, async () => store.increment('b', 'n', 1n, U64)),
      );
      assert.equal(new Set(sums).size, 50);
      assert.equal(text(await store.get('b', 'n')), '50');
    },
  },
];
