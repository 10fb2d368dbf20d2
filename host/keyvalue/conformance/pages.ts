import assert from 'node:assert/strict';
import { entriesFrom } from '../entries.ts';
import { allKeys, bytes, entries, fails, isBug, type StoreCase, text } from './case.ts';

/** Lists of keys, and batches. */
export const PAGES: readonly StoreCase[] = [
  {
    name: 'a page has at most 1,000 keys, and only the last one has no cursor',
    async run(store) {
      await store.setMany('b', entries(1000));
      const full = await store.list('b');
      assert.equal(full.keys.length, 1000);
      assert.equal(full.cursor, undefined);
      await store.set('b', 'k1000', bytes('v'));
      const first = await store.list('b');
      assert.equal(first.keys.length, 1000);
      assert.equal(typeof first.cursor, 'bigint');
      assert.deepEqual(await store.list('b', first.cursor), { keys: ['k1000'], cursor: undefined });
    },
  },
  {
    name: 'entries are described in the order of their keys, with the size of the value and the time of the last write',
    async run(store) {
      const before = Date.now();
      await store.setMany('b', [
        ['b', bytes('12345')],
        ['a', bytes('')],
        ['c', bytes('1')],
      ]);
      await store.set('other', 'a', bytes('v'));
      const found = await entriesFrom(store, 'b', 'a\0', 2);
      assert.deepEqual(
        found.map(({ key, size }) => [key, size]),
        [
          ['b', 5],
          ['c', 1],
        ],
      );
      // The clock may be that of another machine.
      for (const { updated } of found) assert.ok(Math.abs(updated - before) < 60_000);
      assert.deepEqual(await entriesFrom(store, 'none', '', 2), []);
    },
  },
  {
    name: 'deleting page by page reaches every key',
    async run(store) {
      await store.setMany('b', entries(2500));
      await store.set('other', 'stays', bytes('v'));
      let cursor: bigint | undefined;
      const sizes: number[] = [];
      do {
        const page = await store.list('b', cursor);
        sizes.push(page.keys.length);
        await store.deleteMany('b', page.keys);
        cursor = page.cursor;
      } while (cursor !== undefined);
      assert.deepEqual(sizes, [1000, 1000, 500]);
      assert.deepEqual(await allKeys(store, 'b'), []);
      assert.deepEqual(await allKeys(store, 'other'), ['stays']);
    },
  },
  {
    name: 'keys are listed in order of first insertion; an overwritten key keeps its place, a recreated one does not',
    async run(store) {
      for (const key of ['c', 'a', 'b']) await store.set('b', key, bytes('1'));
      await store.set('b', 'c', bytes('2'));
      await store.setMany('b', [['a', bytes('2')]]);
      await store.swap('b', 'b', (await store.read('b', 'b')).version, bytes('2'));
      assert.deepEqual(await allKeys(store, 'b'), ['c', 'a', 'b']);
      await store.delete('b', 'c');
      await store.set('b', 'c', bytes('3'));
      assert.deepEqual(await allKeys(store, 'b'), ['a', 'b', 'c']);
      await store.delete('b', 'c');
      await store.set('b', 'd', bytes('3'));
      assert.deepEqual(await allKeys(store, 'b'), ['a', 'b', 'd']);
    },
  },
  {
    name: 'a key added after the cursor was returned is on a later page, even if all others are deleted',
    async run(store) {
      await store.setMany('b', entries(1001));
      const { cursor } = await store.list('b');
      await store.deleteMany('b', await allKeys(store, 'b'));
      await store.set('b', 'late', bytes('v'));
      assert.deepEqual(await store.list('b', cursor), { keys: ['late'], cursor: undefined });
    },
  },
  {
    name: 'a cursor that no store returns is refused',
    async run(store) {
      await fails('cursor-invalid', () => store.list('b', -1n));
      await fails('cursor-invalid', () => store.list('b', 2n ** 64n - 1n));
      assert.deepEqual(await store.list('b', 2n ** 40n), { keys: [], cursor: undefined });
    },
  },
  {
    name: 'a range has the keys of one bucket from a key on, ordered by their bytes',
    async run(store) {
      await store.set('a', 'bb', bytes('v'));
      // In UTF-16 order the last two would be swapped.
      const ordered = ['B', 'a', 'a:1', 'a;', 'b', '\u{e9}', '\u{ffee}', '\u{1f600}'];
      for (const key of ordered.toReversed()) await store.set('b', key, bytes('v'));
      await store.set('c', 'bb', bytes('v'));
      assert.deepEqual(await store.range('b', '', 100), ordered);
      assert.deepEqual(await store.range('b', 'a', 3), ['a', 'a:1', 'a;']);
      assert.deepEqual(await store.range('b', 'a:2', 2), ['a;', 'b']);
      assert.deepEqual(await store.range('b', '\u{1f601}', 1), []);
      assert.deepEqual(await store.range('none', '', 1), []);
    },
  },
  {
    name: 'a range has at most 1,000 keys',
    async run(store) {
      await store.setMany('b', entries(1001));
      assert.equal((await store.range('b', '', 5000)).length, 1000);
    },
  },
  {
    name: 'batches are positional and keep duplicates; the later of two entries wins',
    async run(store) {
      await store.setMany('b', [
        ['x', bytes('1')],
        ['y', bytes('2')],
        ['x', bytes('3')],
      ]);
      const values = await store.getMany('b', ['y', 'missing', 'x', 'y']);
      assert.deepEqual(values.map(text), ['2', undefined, '3', '2']);
      await store.deleteMany('b', ['x', 'x', 'missing']);
      assert.deepEqual((await store.getMany('b', ['x', 'y'])).map(text), [undefined, '2']);
      assert.deepEqual(await store.getMany('b', []), []);
      await store.setMany('b', []);
      await store.deleteMany('b', []);
      assert.deepEqual(await allKeys(store, 'b'), ['y']);
    },
  },
  {
    name: 'a batch that requests large values many times does not exhaust memory',
    async run(store) {
      const value = new Uint8Array(16 * 1024 * 1024);
      await store.set('b', 'long', value);
      const asked = Array<string>(1000).fill('long');
      await fails('store-limit', () => store.getMany('b', asked));
      assert.equal((await store.getMany('b', asked.slice(0, 4))).length, 4);
    },
  },
  {
    name: 'a batch that cannot be written completely is not written at all',
    async run(store) {
      await isBug(() =>
        store.setMany('b', [
          ['fine', bytes('1')],
          ['\ud800', bytes('2')],
        ]),
      );
      assert.equal(await store.exists('b', 'fine'), false);
    },
  },
];
