import { describe, expect, test } from 'vitest';
import { type Change, openStore, type Store, watched } from '../../../host/index.ts';
import { storeConformance } from '../../../host/keyvalue/conformance/conformance.ts';

describe('a watched store keeps the contract of a store', () => {
  const open = async (): Promise<Store> => watched(await openStore('memory:'), () => {});
  for (const { name, run } of storeConformance(open)) test(name, run);
});

test('what failed or was not swapped in is not told', async () => {
  const told: Change[] = [];
  const store = watched(await openStore('memory:'), (change) => told.push(change));
  await store.set('b', 'k', Buffer.from('no number'));
  expect(told.splice(0)).toEqual([{ kind: 'set', bucket: 'b', key: 'k', value: Buffer.from('no number') }]);
  const { version } = await store.read('b', 'k');
  await store.delete('b', 'k');
  expect(told.splice(0)).toEqual([{ kind: 'delete', bucket: 'b', key: 'k' }]);

  await store.set('b', 'k', Buffer.from('no number'));
  told.length = 0;
  expect(() => store.increment('b', 'k', 1n, { min: 0n, max: 9n })).toThrow();
  expect(await store.swap('b', 'k', version, Buffer.from('late'))).toBe(false);
  await store.close();
  expect(() => store.set('b', 'k', Buffer.from('closed'))).toThrow();
  expect(told).toEqual([]);
});
