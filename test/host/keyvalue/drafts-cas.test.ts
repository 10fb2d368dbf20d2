import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Guest } from '../../../host/guest.ts';
import { Bucket as DraftBucket } from '../../../host/keyvalue/draft.ts';
import { type Draft2, Bucket as Draft2Bucket, draft2 } from '../../../host/keyvalue/draft2.ts';
import { type CheckedStore, checked } from '../../../host/keyvalue/limits.ts';
import { openMemory } from '../../../host/keyvalue/sqlite/open.ts';
import type { Store } from '../../../host/keyvalue/store.ts';
import { bytes, other, remote, thrown } from './draft-calls.ts';

describe.each([
  ['values', (store: Store) => store],
  ['promises', remote],
])('wasi:keyvalue on a store that returns %s', (_how, answering) => {
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

  describe('cas', () => {
    let imports: Draft2;

    beforeEach(() => {
      imports = draft2(store, guest, 'options');
    });

    test('returns the value it has read, and swaps it once', async () => {
      const { store: buckets, atomics } = imports;
      const bucket = buckets.open('b');
      const absent = await atomics.Cas.new(bucket, 'k');
      expect(absent).toBeInstanceOf(atomics.Cas);
      expect(absent.current()).toBeUndefined();
      await atomics.swap(absent, bytes('1'));
      const present = await atomics.Cas.new(bucket, 'k');
      await bucket.set('k', bytes('2'));
      expect(present.current()).toEqual(bytes('1'));
    });

    test('a failed swap writes nothing and returns a fresh handle', async () => {
      const { store: buckets, atomics } = imports;
      const bucket = buckets.open('b');
      const cas = await atomics.Cas.new(bucket, 'k');
      await bucket.set('k', bytes('theirs'));
      const error = await thrown(() => atomics.swap(cas, bytes('ours')));
      expect(await bucket.get('k')).toEqual(bytes('theirs'));
      expect(error).toMatchObject({ tag: 'cas-failed', val: expect.any(atomics.Cas) });
      const fresh = (error as { val: InstanceType<typeof atomics.Cas> }).val;
      expect(fresh.current()).toEqual(bytes('theirs'));
      await atomics.swap(fresh, bytes('ours'));
      expect(await bucket.get('k')).toEqual(bytes('ours'));
    });

    test('a key that was deleted meanwhile is not restored', async () => {
      const { store: buckets, atomics } = imports;
      const bucket = buckets.open('b');
      const cas = await atomics.Cas.new(bucket, 'k');
      await bucket.set('k', bytes('1'));
      await bucket.delete('k');
      expect(await thrown(() => atomics.swap(cas, bytes('2')))).toMatchObject({ tag: 'cas-failed' });
    });

    test('failures are store-errors in swap and plain errors elsewhere', async () => {
      const { store: buckets, atomics } = imports;
      const bucket = buckets.open('b');
      const cas = await atomics.Cas.new(bucket, 'k');
      expect(await thrown(() => atomics.swap(cas, new Uint8Array(1001)))).toEqual({
        tag: 'store-error',
        val: other(/limit is 1000$/),
      });
      await inner.close();
      expect(await thrown(() => atomics.swap(cas, bytes('1')))).toEqual({
        tag: 'store-error',
        val: { tag: 'other', val: 'the store is closed' },
      });
      expect(await thrown(() => atomics.Cas.new(bucket, 'k'))).toEqual(other(/closed/));
    });

    test('an ended guest traps', async () => {
      const { store: buckets, atomics } = imports;
      const bucket = buckets.open('b');
      const cas = await atomics.Cas.new(bucket, 'k');
      guest.end('timed out');
      for (const call of [
        () => atomics.Cas.new(bucket, 'k'),
        () => cas.current(),
        () => atomics.swap(cas, bytes('1')),
      ]) {
        expect(await thrown(call)).toBeInstanceOf(WebAssembly.RuntimeError);
      }
      expect(await inner.exists('b', 'k')).toBe(false);
    });
  });
});

test('a handle that the glue made for a stale number traps', async () => {
  const store = checked(openMemory());
  const { atomics } = draft2(store, new Guest(), 'options');
  const stale: Draft2Bucket = Object.create(Draft2Bucket.prototype);
  expect(await thrown(() => stale.get('k'))).toBeInstanceOf(TypeError);
  expect(await thrown(() => atomics.increment(stale, 'k', 1n))).toBeInstanceOf(TypeError);
  expect(await thrown(() => Object.create(DraftBucket.prototype).get('k'))).toBeInstanceOf(TypeError);
  await store.close();
});
