import { expect, test } from 'vitest';
import { createWatch, type WatchOptions } from '../../../src/engine/main/watch.ts';
import type { ResponseWriter } from '../../../src/http/response.ts';

test.each([
  ['changes', { maxChanges: 2 }],
  ['bytes', { maxBytes: 20 }],
])('the number of %s that wait for a stuck watcher is limited', async (_, limits: Partial<WatchOptions>) => {
  const told: string[] = [];
  const log: string[] = [];
  const current = Promise.withResolvers<ResponseWriter>();
  const pool: WatchOptions['pool'] = {
    start: async () => {},
    handle({ change }, target) {
      told.push(change!.key);
      if (told.length === 1) current.resolve(target);
      else target.end([]);
      return { cancel() {}, stop() {} };
    },
    close: async () => {},
  };
  const watch = createWatch({ pool, log: (...words) => log.push(words.join(' ')), ...limits });
  for (const key of ['a', 'b', 'c', 'd', 'e']) {
    watch.tell({ kind: 'set', bucket: 'default', key, value: new Uint8Array(10) });
  }
  (await current.promise).end([]);
  await watch.close(1000);
  expect(told).toEqual(['a', 'b', 'c']);
  expect(log).toEqual(['error watcher 2 changes were not delivered: too many were waiting']);
});
