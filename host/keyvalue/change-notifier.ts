import { type Awaitable, isPromise } from './awaitable.ts';
import type { Change } from './changes.ts';
import { counterBytes } from './counter.ts';
import type { Store } from './store.ts';

/**
 * Returns `store` with `notify` called after each commit that is made through it: in the order of the commits if the store is
 * synchronous, in the order in which its promises resolve otherwise. A batch notifies once for each key, with the later of two
 * entries for one key; deleting a missing key notifies too.
 */
export function withChangeNotifier(store: Store, notify: (change: Change) => void): Store {
  function set(bucket: string, key: string, value: Uint8Array): void {
    notify({ kind: 'set', bucket, key, value });
  }

  return {
    url: store.url,
    leases: store.leases,
    get: (bucket, key) => store.get(bucket, key),
    exists: (bucket, key) => store.exists(bucket, key),
    set: (bucket, key, value, fence) =>
      after(store.set(bucket, key, value, fence), () => set(bucket, key, value)),
    delete: (bucket, key, fence) =>
      after(store.delete(bucket, key, fence), () => notify({ kind: 'delete', bucket, key })),
    list: (bucket, cursor) => store.list(bucket, cursor),
    range: (bucket, from, limit) => store.range(bucket, from, limit),
    getMany: (bucket, keys) => store.getMany(bucket, keys),
    setMany: (bucket, entries, fence) =>
      after(store.setMany(bucket, entries, fence), () => {
        for (const [key, value] of new Map(entries)) set(bucket, key, value);
      }),
    deleteMany: (bucket, keys, fence) =>
      after(store.deleteMany(bucket, keys, fence), () => {
        for (const key of new Set(keys)) notify({ kind: 'delete', bucket, key });
      }),
    increment: (bucket, key, delta, bounds, fence) =>
      after(store.increment(bucket, key, delta, bounds, fence), (sum) => set(bucket, key, counterBytes(sum))),
    read: (bucket, key) => store.read(bucket, key),
    swap: (bucket, key, version, value, fence) =>
      after(store.swap(bucket, key, version, value, fence), (swapped) => {
        if (swapped) set(bucket, key, value);
      }),
    buckets: () => store.buckets(),
    close: () => store.close(),
  };
}

/** Returns the same result, after `notified` has been called with it. */
function after<T>(result: Awaitable<T>, notified: (value: T) => void): Awaitable<T> {
  const notifyAndReturn = (value: T): T => {
    notified(value);
    return value;
  };
  return isPromise(result) ? result.then(notifyAndReturn) : notifyAndReturn(result);
}
