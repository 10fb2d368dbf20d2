import { expect, test } from 'vitest';
import { storeConformance } from '../../../../host/keyvalue/conformance/conformance.ts';
import { openMemory } from '../../../../host/keyvalue/sqlite/open.ts';
import type { Store } from '../../../../host/keyvalue/store.ts';

/** The names of the tests that a store fails. */
async function failed(broken: (store: Store) => Partial<Store>): Promise<string[]> {
  const names: string[] = [];
  const tests = storeConformance(() => {
    const store = openMemory();
    return { ...store, ...broken(store) };
  });
  for (const { name, run } of tests) await run().catch(() => names.push(name));
  return names;
}

test('a store that implements the contract fails no test', async () => {
  expect(await failed(() => ({}))).toEqual([]);
});

test.each<[string, (store: Store) => Partial<Store>, string]>([
  ['never fails a swap', () => ({ swap: () => true }), 'swap creates an absent key once'],
  ['forgets deletes', () => ({ delete: () => {} }), 'set, overwrite, delete'],
  [
    'counts without bounds',
    (store) => ({ increment: (b, k, d) => store.increment(b, k, d, { min: -(2n ** 70n), max: 2n ** 70n }) }),
    'a counter that would start outside the bounds is not created',
  ],
  [
    'gives out what it keeps',
    (store) => ({ get: sharing(store) }),
    'stores the bytes of a view, not later changes to its buffer',
  ],
  [
    'writes half a batch',
    (store) => ({
      async setMany(b, list) {
        for (const [k, v] of list) await store.set(b, k, v);
      },
    }),
    'a batch that cannot be written completely is not written at all',
  ],
  [
    'ignores fences',
    (store) => ({ set: (b, k, v) => store.set(b, k, v) }),
    'set is refused once its fence is taken by another holder',
  ],
])('one that %s is found out', async (_, broken, name) => {
  expect(await failed(broken)).toContain(name);
});

function sharing(store: Store): Store['get'] {
  const given = new Map<string, Uint8Array>();
  return async (bucket, key) => {
    const value = given.get(key) ?? (await store.get(bucket, key));
    if (value !== undefined) given.set(key, value);
    return value;
  };
}
