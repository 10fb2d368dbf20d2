import { describe, expect, test } from 'vitest';
import { type Change, openStore, type Store, withChangeNotifier } from '../../../host/index.ts';
import { storeConformance } from '../../../host/keyvalue/conformance/conformance.ts';
import { openMemory } from '../../../host/keyvalue/sqlite/open.ts';

describe('a store with a change notifier passes the conformance suite', () => {
  const open = (): Store => withChangeNotifier(openMemory(), () => {});
  test.each(storeConformance(open))('$name', ({ run }) => run());
});

test('failed writes and failed swaps do not notify', async () => {
  const notified: Change[] = [];
  const store = withChangeNotifier(await openStore('memory:'), (change) => notified.push(change));
  await store.set('b', 'k', Buffer.from('no number'));
  expect(notified.splice(0)).toEqual([
    { kind: 'set', bucket: 'b', key: 'k', value: Buffer.from('no number') },
  ]);
  const { version } = await store.read('b', 'k');
  await store.delete('b', 'k');
  expect(notified.splice(0)).toEqual([{ kind: 'delete', bucket: 'b', key: 'k' }]);

  await store.set('b', 'k', Buffer.from('no number'));
  notified.length = 0;
  expect(() => store.increment('b', 'k', 1n, { min: 0n, max: 9n })).toThrow();
  expect(await store.swap('b', 'k', version, Buffer.from('late'))).toBe(false);
  await store.close();
  expect(() => store.set('b', 'k', Buffer.from('closed'))).toThrow();
  expect(notified).toEqual([]);
});
