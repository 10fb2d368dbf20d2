import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WasmcpError } from '../../../host/error.ts';
import { Guest } from '../../../host/guest.ts';
import { Bucket as DraftBucket, draft } from '../../../host/keyvalue/draft.ts';
import { Bucket as Draft2Bucket, draft2 } from '../../../host/keyvalue/draft2.ts';
import { type CheckedStore, checked } from '../../../host/keyvalue/limits.ts';
import { openMemory } from '../../../host/keyvalue/sqlite/open.ts';
import type { Store } from '../../../host/keyvalue/store.ts';

import { bytes, other, remote, thrown } from './draft-calls.ts';

describe.each([
  ['values', (store: Store) => store],
  ['promises', remote],
])('wasi:keyvalue on a store that returns %s', (how, answering) => {
  let inner: Store;
  let store: CheckedStore;
  let guest: Guest;

  beforeEach(() => {
    inner = openMemory();
    store = checked(answering(inner), { maxKey: 100, maxValue: 1000 });
    guest = new Guest();
  });

  afterEach(async () => {
    await inner.close();
  });

  const drafts = {
    draft: () => draft(store, guest),
    draft2: () => draft2(store, guest, 'options'),
  };

  test('returns a promise only if the store does', async () => {
    for (const open of Object.values(drafts)) {
      const answer = open().store.open('b').get('k');
      expect(answer instanceof Promise).toBe(how === 'promises');
      expect(await answer).toBeUndefined();
    }
  });

  describe.each(['draft', 'draft2'] as const)('%s', (version) => {
    test('open: "" is "default", and any valid name exists', async () => {
      const { store: imports } = drafts[version]();
      await imports.open('').set('k', bytes('v'));
      expect(await imports.open('default').get('k')).toEqual(bytes('v'));
      expect(await imports.open('never used').exists('k')).toBe(false);
    });

    test('open: a bucket is an instance of the class that the glue checks for', () => {
      const { store: imports } = drafts[version]();
      expect(imports.open('b')).toBeInstanceOf(imports.Bucket);
      expect(imports.Bucket).toBe({ draft: DraftBucket, draft2: Draft2Bucket }[version]);
    });

    test('open: an invalid name is no-such-store, an unlisted one access-denied', async () => {
      const { store: imports } = drafts[version]();
      expect(await thrown(() => imports.open('a\nb'))).toEqual({ tag: 'no-such-store' });
      expect(await thrown(() => imports.open('x'.repeat(256)))).toEqual({ tag: 'no-such-store' });
      store = checked(inner, { buckets: ['mine'] });
      expect(await thrown(() => drafts[version]().store.open('yours'))).toEqual({ tag: 'access-denied' });
    });

    test("two opens of one bucket see each other's writes at once", async () => {
      const { store: imports } = drafts[version]();
      const [one, two] = [imports.open('b'), imports.open('b')];
      await one.set('k', bytes('v'));
      expect(await two.get('k')).toEqual(bytes('v'));
    });

    test('get, exists, delete of a missing key', async () => {
      const bucket = drafts[version]().store.open('b');
      expect(await bucket.get('k')).toBeUndefined();
      expect(await bucket.exists('k')).toBe(false);
      expect(await bucket.delete('k')).toBeUndefined();
      await bucket.set('k', bytes(''));
      expect(await bucket.exists('k')).toBe(true);
      await bucket.delete('k');
      expect(await bucket.exists('k')).toBe(false);
    });

    test('limits are "other" with the limit in the message, and nothing is written', async () => {
      const { store: imports, batch, atomics } = drafts[version]();
      const bucket = imports.open('b');
      const key = 'x'.repeat(101);
      expect(await thrown(() => bucket.set(key, bytes('v')))).toEqual(other(/limit is 100$/));
      expect(await thrown(() => bucket.set('k', new Uint8Array(1001)))).toEqual(other(/limit is 1000$/));
      const entries: [string, Uint8Array][] = [
        ['k', bytes('v')],
        [key, bytes('v')],
      ];
      // Draft and draft2 buckets are different classes: each is only passed to the imports that returned it.
      expect(await thrown(() => batch.setMany(bucket as never, entries))).toEqual(other(/limit is 100$/));
      expect(await thrown(() => atomics.increment(bucket as never, key, 1n))).toEqual(other(/limit is 100$/));
      expect(await store.buckets()).toEqual([]);
    });

    test('set-many and delete-many', async () => {
      const { store: imports, batch } = drafts[version]();
      const bucket = imports.open('b');
      await batch.setMany(bucket as never, [
        ['a', bytes('1')],
        ['b', bytes('2')],
        ['a', bytes('3')],
      ]);
      expect(await bucket.get('a')).toEqual(bytes('3'));
      await batch.deleteMany(bucket as never, ['a', 'missing', 'b']);
      expect(await bucket.listKeys(undefined)).toEqual({ keys: [], cursor: undefined });
    });

    test('increment: overflow and non-numbers are "other", and keep the value', async () => {
      const { store: imports, atomics } = drafts[version]();
      const bucket = imports.open('b');
      const max = version === 'draft' ? 2n ** 64n - 1n : 2n ** 63n - 1n;
      expect(await atomics.increment(bucket as never, 'n', 2n)).toBe(2n);
      expect(await atomics.increment(bucket as never, 'n', max - 2n)).toBe(max);
      expect(await bucket.get('n')).toEqual(bytes(max.toString()));
      expect(await thrown(() => atomics.increment(bucket as never, 'n', 1n))).toEqual(other(/./));
      expect(await bucket.get('n')).toEqual(bytes(max.toString()));
      await bucket.set('n', bytes('not a number'));
      expect(await thrown(() => atomics.increment(bucket as never, 'n', 1n))).toEqual(other(/decimal/));
      expect(await bucket.get('n')).toEqual(bytes('not a number'));
    });

    test('a failing store is "other", without its path', async () => {
      const bucket = drafts[version]().store.open('b');
      await inner.close();
      expect(await thrown(() => bucket.get('k'))).toEqual({ tag: 'other', val: 'the store is closed' });
      const secret = (): never => {
        throw new WasmcpError('store-unusable', '/home/somebody/store.db is damaged');
      };
      store = checked(answering({ ...inner, get: secret }));
      expect(await thrown(() => drafts[version]().store.open('b').get('k'))).toEqual({
        tag: 'other',
        val: 'the store is not usable',
      });
    });

    test('a bug of the store traps', async () => {
      const bug = new TypeError('a bug');
      store = checked(
        answering({
          ...inner,
          get: () => {
            throw bug;
          },
        }),
      );
      expect(await thrown(() => drafts[version]().store.open('b').get('k'))).toBe(bug);
    });

    test('an ended guest traps before it has any effect', async () => {
      const { store: imports, batch, atomics } = drafts[version]();
      const bucket = imports.open('b');
      guest.end('timed out');
      const calls: (() => unknown)[] = [
        () => imports.open('b'),
        () => bucket.get('k'),
        () => bucket.set('k', bytes('v')),
        () => bucket.delete('k'),
        () => bucket.exists('k'),
        () => bucket.listKeys(undefined),
        () => batch.getMany(bucket as never, ['k']),
        () => batch.setMany(bucket as never, [['k', bytes('v')]]),
        () => batch.deleteMany(bucket as never, ['k']),
        () => atomics.increment(bucket as never, 'k', 1n),
      ];
      for (const call of calls) expect(await thrown(call)).toBeInstanceOf(WebAssembly.RuntimeError);
      expect(await inner.buckets()).toEqual([]);
    });
  });

  test('list-keys: a draft cursor is u64, stable under deletes; an invalid one is "other"', async () => {
    const { store: imports, batch } = draft(store, guest);
    const bucket = imports.open('b');
    await batch.setMany(
      bucket,
      Array.from({ length: 1500 }, (_, index) => [`k${index}`, bytes('v')]),
    );
    const first = await bucket.listKeys(undefined);
    expect(first.keys).toHaveLength(1000);
    expect(first.cursor).toBeTypeOf('bigint');
    await batch.deleteMany(bucket, first.keys);
    const second = await bucket.listKeys(first.cursor);
    expect(second.keys).toEqual(Array.from({ length: 500 }, (_, index) => `k${index + 1000}`));
    expect(second.cursor).toBeUndefined();
    expect(await thrown(() => bucket.listKeys(2n ** 64n - 1n))).toEqual(other(/cursor/));
  });

  test('list-keys: a draft2 cursor is decimal text; anything else is "other"', async () => {
    const { store: imports, batch } = draft2(store, guest, 'pairs');
    const bucket = imports.open('b');
    await batch.setMany(
      bucket,
      Array.from({ length: 1001 }, (_, index) => [`k${index}`, bytes('v')]),
    );
    const { keys, cursor } = await bucket.listKeys(undefined);
    expect(keys).toHaveLength(1000);
    expect(cursor).toMatch(/^[0-9]+$/);
    expect(await bucket.listKeys(cursor)).toEqual({ keys: ['k1000'], cursor: undefined });
    for (const bad of ['', ' 1', '1x', '-1', '01', '0x1', '9'.repeat(19), '9'.repeat(500)]) {
      expect(await thrown(() => bucket.listKeys(bad))).toEqual(other(/cursor/));
    }
  });

  test('get-many: positional, keeps duplicates, in both shapes', async () => {
    const first = draft(store, guest);
    const bucket = first.store.open('b');
    await bucket.set('a', bytes('1'));
    const keys = ['a', 'missing', 'a'];
    const pairs = [['a', bytes('1')], undefined, ['a', bytes('1')]];
    expect(await first.batch.getMany(bucket, keys)).toEqual(pairs);
    const optionOfPair = draft2(store, guest, 'options');
    expect(await optionOfPair.batch.getMany(optionOfPair.store.open('b'), keys)).toEqual(pairs);
    const pairOfOption = draft2(store, guest, 'pairs');
    expect(await pairOfOption.batch.getMany(pairOfOption.store.open('b'), keys)).toEqual([
      ['a', bytes('1')],
      ['missing', undefined],
      ['a', bytes('1')],
    ]);
  });

  test('increment: draft counts in u64, draft2 in s64', async () => {
    const first = draft(store, guest);
    await first.store.open('b').set('n', bytes('9223372036854775807'));
    expect(await first.atomics.increment(first.store.open('b'), 'n', 1n)).toBe(2n ** 63n);
    const second = draft2(store, guest, 'options');
    expect(await second.atomics.increment(second.store.open('b'), 'm', -(2n ** 63n))).toBe(-(2n ** 63n));
    expect(await thrown(() => second.atomics.increment(second.store.open('b'), 'm', -1n))).toEqual(
      other(/./),
    );
  });
});

test('a guest that is ended during a store call traps without waiting for it', async () => {
  const store = checked({ ...openMemory(), get: () => new Promise(() => {}) });
  for (const open of [
    (guest: Guest) => draft(store, guest).store.open('b'),
    (guest: Guest) => draft2(store, guest, 'options').store.open('b'),
  ]) {
    const guest = new Guest();
    const answer = thrown(() => open(guest).get('k'));
    guest.end('timed out');
    expect(await answer).toBeInstanceOf(WebAssembly.RuntimeError);
  }
  await store.close();
});
