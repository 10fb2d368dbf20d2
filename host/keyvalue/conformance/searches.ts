import assert from 'node:assert/strict';
import type { NumberQuery } from '../store.ts';
import { bytes, entries, type StoreCase, text } from './case.ts';

/** Searches, which not every store has. */
export const SEARCHES: readonly StoreCase[] = [
  {
    name: 'a store that finds what was written last, or keys by their ending, finds all of it',
    async run(store) {
      if (store.newest === undefined || store.withEnding === undefined) return;
      await store.setMany('b', entries(30));
      await store.setMany('other', entries(30));
      await store.set('b', 'x:end', bytes('yes'));
      await store.set('b', 'y:end', bytes('no'));
      await store.set('b', 'k5', bytes('changed'));
      const all = await store.newest('b', Number.MAX_SAFE_INTEGER, 100);
      assert.equal(all.length, 32);
      const written = all.map(({ key, updated }) => [updated, key] as const);
      const sorted = written.toSorted(([a, k], [b, l]) => (a === b ? (k < l ? -1 : 1) : b - a));
      assert.deepEqual(written, sorted);
      assert.equal(all.find(({ key }) => key === 'k5')?.size, 7);
      assert.deepEqual(await store.newest('b', Number.MAX_SAFE_INTEGER, 3), all.slice(0, 3));
      const last = all.at(-1)!.updated;
      const oldest = await store.newest('b', last, 100);
      assert.deepEqual(
        oldest,
        all.filter(({ updated }) => updated <= last),
      );
      const found: string[] = [];
      let cursor: bigint | undefined;
      do {
        const page = await store.withEnding('b', ':end', [bytes('yes'), bytes('maybe')], cursor);
        found.push(...page.keys);
        cursor = page.cursor;
      } while (cursor !== undefined);
      assert.deepEqual(found, ['x:end']);
    },
  },
  {
    name: 'a store that finds values by the ending of their key, or adds up sizes by its beginning, finds all of them',
    async run(store) {
      if (store.valuesWithEnding === undefined || store.sizesByPrefix === undefined) return;
      await store.setMany('b', [
        ['ab:1', bytes('x')],
        ['ab:end', bytes('four')],
        ['ac:end', bytes('')],
        ['ad', bytes('123')],
        ['ae:end', bytes('12345678')],
      ]);
      await store.set('other', 'ab:end', bytes('other'));
      const found = new Map<string, string | undefined>();
      let cursor: bigint | undefined;
      do {
        const page = await store.valuesWithEnding('b', ':end', cursor);
        for (const [key, value] of page.entries) found.set(key, text(value));
        cursor = page.cursor;
      } while (cursor !== undefined);
      assert.deepEqual(Object.fromEntries(found), { 'ab:end': 'four', 'ac:end': '', 'ae:end': '12345678' });
      const sums = new Map<string, number>();
      do {
        const page = await store.sizesByPrefix('b', { from: 'ab', before: 'ae', length: 2 }, cursor);
        for (const line of text(page.lines)!.split('\n')) {
          if (line !== '')
            sums.set(line.slice(0, 2), (sums.get(line.slice(0, 2)) ?? 0) + Number(line.slice(2)));
        }
        cursor = page.cursor;
      } while (cursor !== undefined);
      assert.deepEqual(Object.fromEntries(sums), { ab: 5, ac: 0, ad: 3 });
    },
  },
  {
    name: 'a store that finds times of last writes by the beginning of keys finds one for each entry',
    async run(store) {
      if (store.timesByPrefix === undefined) return;
      for (const key of ['aa', 'ab:1', 'ab:2', 'ac:1', 'ae']) await store.set('b', key, bytes('1'));
      await store.set('b', 'ab:1', bytes('2'));
      await store.set('other', 'ab:3', bytes('1'));
      const found: string[] = [];
      let cursor: bigint | undefined;
      do {
        const page = await store.timesByPrefix('b', { from: 'ab', before: 'ae', length: 2 }, cursor);
        found.push(...text(page.lines)!.split('\n'));
        cursor = page.cursor;
      } while (cursor !== undefined);
      const expected: string[] = [];
      for (const key of ['ab:1', 'ab:2', 'ac:1'])
        expected.push(`${key.slice(0, 2)}${(await store.read('b', key)).updated}`);
      assert.deepEqual(found.filter((line) => line !== '').toSorted(), expected.toSorted());
    },
  },
  {
    name: 'a store that finds numbers in values, or keys by a text, finds the first ones, and leaves out other values',
    async run(store) {
      if (store.numbersWithEnding === undefined || store.withText === undefined) return;
      await store.setMany('b', [
        ['a:end', bytes('#{"n":3}')],
        ['b:end', bytes('#{"n":1.5,"m":"x"}')],
        ['c:end', bytes('#{"n":2}')],
        ['d:end', bytes('#{"n":"9"}')],
        ['e:end', bytes('#{"n":')],
        ['f:end', bytes('')],
        ['G:end', bytes('#{"n":-1}')],
        ['h', bytes('#{"n":7}')],
        ['i:one', bytes('#Grace')],
        ['j:two', bytes('mid-gRACe-d')],
        ['k:tri', bytes('#Grace')],
      ]);
      await store.set('other', 'a:end', bytes('#{"n":4}'));
      const query = { ending: ':end', skip: 1, field: 'n', from: undefined, to: undefined };
      const numbers = async (
        more: Pick<NumberQuery, 'order' | 'limit'> & Partial<NumberQuery>,
      ): Promise<unknown> => (await store.numbersWithEnding!('b', { ...query, ...more })).numbers;
      const all = [
        ['a:end', 3],
        ['c:end', 2],
        ['b:end', 1.5],
        ['G:end', -1],
      ];
      assert.deepEqual(await numbers({ order: 'desc', limit: 9 }), all);
      assert.deepEqual(await numbers({ order: 'asc', limit: 9 }), all.toReversed());
      assert.deepEqual(await numbers({ order: 'desc', limit: 2 }), all.slice(0, 2));
      assert.deepEqual(await numbers({ order: 'desc', limit: 9, from: 2, to: 1.5 }), all.slice(1, 3));
      assert.deepEqual(await numbers({ order: 'asc', limit: 1, from: 2 }), [all[1]]);
      const found = async (wanted: string): Promise<readonly string[]> =>
        (await store.withText!('b', { text: wanted, inKeys: ':end', inValues: [':one', ':two'] })).keys;
      assert.deepEqual(await found('Grace'), ['i:one', 'j:two']);
      assert.deepEqual(await found('g:'), ['G:end']);
    },
  },
];
