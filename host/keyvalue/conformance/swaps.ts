import assert from 'node:assert/strict';
import type { Store } from '../store.ts';
import { bytes, S64, type StoreCase, text } from './case.ts';

type Change = (store: Store) => Promise<void>;

/** Changes to a key with the value `1`. */
const CHANGES: Readonly<Record<string, Change>> = {
  'set to the same bytes': async (store) => store.set('b', 'k', bytes('1')),
  async 'set and set back'(store) {
    await store.setMany('b', [['k', bytes('2')]]);
    await store.set('b', 'k', bytes('1'));
  },
  async 'incremented and back'(store) {
    await store.increment('b', 'k', 1n, S64);
    await store.increment('b', 'k', -1n, S64);
  },
  deleted: async (store) => store.delete('b', 'k'),
  async 'deleted and set again'(store) {
    await store.delete('b', 'k');
    await store.set('b', 'k', bytes('1'));
  },
  async 'deleted in a batch and set again'(store) {
    await store.deleteMany('b', ['k']);
    await store.setMany('b', [['k', bytes('1')]]);
  },
};

const ABSENCES: Readonly<Record<string, Change>> = {
  async 'never existed'() {},
  async 'existed before'(store) {
    await store.set('b', 'k', bytes('0'));
    await store.delete('b', 'k');
  },
};

/** `read` and `swap`. */
export const SWAPS: readonly StoreCase[] = [
  {
    name: 'swap writes if the key is unchanged, and only once',
    async run(store) {
      await store.set('b', 'k', bytes('1'));
      const seen = await store.read('b', 'k');
      assert.equal(text(seen.value), '1');
      assert.equal(await store.swap('b', 'k', seen.version, bytes('2')), true);
      assert.equal(await store.swap('b', 'k', seen.version, bytes('3')), false);
      assert.equal(text(await store.get('b', 'k')), '2');
    },
  },
  {
    name: 'swap creates an absent key once',
    async run(store) {
      const seen = await store.read('b', 'k');
      assert.equal(seen.value, undefined);
      assert.equal(await store.swap('b', 'k', seen.version, bytes('1')), true);
      assert.equal(await store.swap('b', 'k', seen.version, bytes('2')), false);
      assert.equal(text(await store.get('b', 'k')), '1');
    },
  },
  ...Object.entries(CHANGES).map(
    ([what, change]): StoreCase => ({
      name: `swap fails if the key was meanwhile ${what}`,
      async run(store) {
        await store.set('b', 'k', bytes('1'));
        const { version } = await store.read('b', 'k');
        await change(store);
        const before = await store.get('b', 'k');
        assert.equal(await store.swap('b', 'k', version, bytes('lost update')), false);
        assert.deepEqual(await store.get('b', 'k'), before);
      },
    }),
  ),
  ...Object.entries(ABSENCES).map(
    ([what, prepare]): StoreCase => ({
      name: `swap detects that an absent key that ${what} was set and deleted meanwhile`,
      async run(store) {
        await prepare(store);
        const { version } = await store.read('b', 'k');
        await store.set('b', 'k', bytes('1'));
        assert.equal(await store.swap('b', 'k', version, bytes('x')), false);
        await store.delete('b', 'k');
        assert.equal(await store.swap('b', 'k', version, bytes('x')), false);
        assert.equal(await store.exists('b', 'k'), false);
        const fresh = await store.read('b', 'k');
        assert.notEqual(fresh.version, version);
        assert.equal(await store.swap('b', 'k', fresh.version, bytes('y')), true);
      },
    }),
  ),
  {
    name: 'read returns when a key was last written',
    async run(store) {
      assert.equal((await store.read('b', 'k')).updated, undefined);
      const before = Date.now();
      await store.set('b', 'k', bytes('1'));
      const first = (await store.read('b', 'k')).updated!;
      assert.ok(first >= before && first <= Date.now(), `${first} is not now`);
      while (Date.now() === first);
      await store.set('b', 'k', bytes('2'));
      assert.ok((await store.read('b', 'k')).updated! > first);
      await store.delete('b', 'k');
      assert.equal((await store.read('b', 'k')).updated, undefined);
    },
  },
  {
    name: 'a version never repeats, not even after the key is deleted',
    async run(store) {
      const versions = new Set<bigint>();
      for (let round = 0; round < 20; round++) {
        await store.set('b', 'k', bytes('1'));
        versions.add((await store.read('b', 'k')).version);
        await store.delete('b', 'k');
        versions.add((await store.read('b', 'k')).version);
      }
      assert.equal(versions.size, 40);
    },
  },
];
