import assert from 'node:assert/strict';
import type { Store } from '../store.ts';
import { allKeys, bytes, fails, isBug, type StoreCase, text, U64 } from './case.ts';

/** Searches that not every store has. */
type Optional =
  | 'entries'
  | 'newest'
  | 'withEnding'
  | 'valuesWithEnding'
  | 'sizesByPrefix'
  | 'timesByPrefix'
  | 'numbersWithEnding'
  | 'withText';

/** One call of each method that fails on a closed store. A method without one does not compile. */
const CALLS: {
  readonly [Method in Exclude<
    keyof Store,
    'url' | 'guarantee' | 'leases' | 'changes' | 'metrics' | 'close' | Optional
  >]: (store: Store) => unknown;
} = {
  get: (store) => store.get('b', 'k'),
  exists: (store) => store.exists('b', 'k'),
  set: (store) => store.set('b', 'k', bytes('1')),
  delete: (store) => store.delete('b', 'k'),
  list: (store) => store.list('b'),
  range: (store) => store.range('b', '', 1),
  getMany: (store) => store.getMany('b', ['k']),
  setMany: (store) => store.setMany('b', []),
  deleteMany: (store) => store.deleteMany('b', []),
  increment: (store) => store.increment('b', 'n', 1n, U64),
  read: (store) => store.read('b', 'k'),
  swap: (store) => store.swap('b', 'k', 0n, bytes('1')),
  buckets: (store) => store.buckets(),
};

/** Single values, keys and buckets, and the end of a store. */
export const VALUES: readonly StoreCase[] = [
  {
    name: 'a key that was never set is missing',
    async run(store) {
      assert.equal(await store.get('b', 'k'), undefined);
      assert.equal(await store.exists('b', 'k'), false);
      assert.deepEqual(await store.list('b'), { keys: [], cursor: undefined });
      assert.deepEqual(await store.buckets(), []);
      await store.delete('b', 'k');
      await store.deleteMany('b', ['k', 'l']);
      assert.deepEqual(await store.buckets(), []);
    },
  },
  {
    name: 'set, overwrite, delete',
    async run(store) {
      await store.set('b', 'k', bytes('one'));
      assert.equal(text(await store.get('b', 'k')), 'one');
      await store.set('b', 'k', bytes('two'));
      assert.equal(text(await store.get('b', 'k')), 'two');
      assert.equal(await store.exists('b', 'k'), true);
      await store.delete('b', 'k');
      assert.equal(await store.get('b', 'k'), undefined);
      assert.equal(await store.exists('b', 'k'), false);
    },
  },
  {
    name: 'bytes are returned unchanged, as a plain Uint8Array',
    async run(store) {
      const all = Uint8Array.from({ length: 256 }, (_, index) => index);
      for (const value of [new Uint8Array(0), all, new Uint8Array(300_000).fill(7)]) {
        await store.set('b', 'k', value);
        const got = await store.get('b', 'k');
        assert.equal(got?.constructor, Uint8Array);
        assert.equal(Buffer.compare(got!, value), 0);
      }
      assert.equal(await store.exists('b', 'k'), true);
      await store.set('b', 'empty', new Uint8Array(0));
      assert.equal(await store.exists('b', 'empty'), true);
      assert.equal((await store.getMany('b', ['empty']))[0]?.byteLength, 0);
      assert.equal((await store.read('b', 'empty')).value?.byteLength, 0);
    },
  },
  {
    name: 'stores the bytes of a view, not later changes to its buffer',
    async run(store) {
      const memory = new Uint8Array(100).fill(1);
      await store.set('b', 'k', memory.subarray(10, 13));
      memory.fill(2);
      assert.deepEqual([...(await store.get('b', 'k'))!], [1, 1, 1]);
      (await store.get('b', 'k'))!.fill(3);
      assert.deepEqual([...(await store.get('b', 'k'))!], [1, 1, 1]);
    },
  },
  {
    name: 'keys that look alike are different',
    async run(store) {
      const lookalikes = ['é', 'e\u0301', '\ufeffk', 'k', 'K', 'k\0', 'k ', '', '🜂', '__proto__'];
      for (const key of lookalikes) await store.set('b', key, bytes(`<${key}>`));
      for (const key of lookalikes) {
        assert.equal(Buffer.from((await store.get('b', key))!).toString(), `<${key}>`);
      }
      assert.deepEqual(await allKeys(store, 'b'), lookalikes);
    },
  },
  {
    name: 'a lone surrogate is a bug of the caller, in a key and in a bucket',
    async run(store) {
      await isBug(() => store.set('b', '\ud800', bytes('v')));
      await isBug(() => store.get('b', '\ud800'));
      await isBug(() => store.set('\ud800', 'k', bytes('v')));
      await isBug(() => store.list('\ud800'));
    },
  },
  {
    name: 'buckets are separate',
    async run(store) {
      await store.set('one', 'k', bytes('1'));
      await store.set('two', 'k', bytes('2'));
      await store.delete('two', 'k');
      await store.set('Ünï/cödé', 'k', bytes('3'));
      assert.equal(text(await store.get('one', 'k')), '1');
      assert.deepEqual(await allKeys(store, 'two'), []);
      assert.deepEqual((await store.buckets()).sort(), ['one', 'Ünï/cödé']);
    },
  },
  {
    name: 'closing again has no effect; every other call fails afterwards',
    async run(store) {
      await store.set('b', 'k', bytes('1'));
      await store.close();
      await store.close();
      for (const call of Object.values(CALLS)) await fails('store-closed', () => call(store));
    },
  },
];
