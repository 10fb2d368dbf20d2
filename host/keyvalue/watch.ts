import { counterBytes } from './counter.ts';
import { type Awaitable, isPromise, type Store } from './store.ts';

/** One key that a commit has changed, as `wasi:keyvalue/watcher` is told of it. */
export type Change =
  | { readonly kind: 'set'; readonly bucket: string; readonly key: string; readonly value: Uint8Array }
  | { readonly kind: 'delete'; readonly bucket: string; readonly key: string };

/**
 * `store`, which tells of each commit that is made through it once it is made: in the order of the commits when the store
 * answers at once, in the order of its answers when it answers with promises. A batch is told key by key, of two entries
 * with one key the later; deleting is told whether or not there was something to delete.
 */
export function watched(store: Store, tell: (change: Change) => void): Store {
  function set(bucket: string, key: string, value: Uint8Array): void {
    tell({ kind: 'set', bucket, key, value });
  }

  return {
    url: store.url,
    get: (bucket, key) => store.get(bucket, key),
    exists: (bucket, key) => store.exists(bucket, key),
    set: (bucket, key, value) => then(store.set(bucket, key, value), () => set(bucket, key, value)),
    delete: (bucket, key) => then(store.delete(bucket, key), () => tell({ kind: 'delete', bucket, key })),
    list: (bucket, cursor) => store.list(bucket, cursor),
    range: (bucket, from, limit) => store.range(bucket, from, limit),
    getMany: (bucket, keys) => store.getMany(bucket, keys),
    setMany: (bucket, entries) =>
      then(store.setMany(bucket, entries), () => {
        for (const [key, value] of new Map(entries)) set(bucket, key, value);
      }),
    deleteMany: (bucket, keys) =>
      then(store.deleteMany(bucket, keys), () => {
        for (const key of new Set(keys)) tell({ kind: 'delete', bucket, key });
      }),
    increment: (bucket, key, delta, bounds) =>
      then(store.increment(bucket, key, delta, bounds), (number) => set(bucket, key, counterBytes(number))),
    read: (bucket, key) => store.read(bucket, key),
    swap: (bucket, key, version, value) =>
      then(store.swap(bucket, key, version, value), (swapped) => {
        if (swapped) set(bucket, key, value);
      }),
    buckets: () => store.buckets(),
    close: () => store.close(),
  };
}

/** The same answer, after `told` has seen it. */
function then<T>(answer: Awaitable<T>, told: (value: T) => void): Awaitable<T> {
  const pass = (value: T): T => {
    told(value);
    return value;
  };
  return isPromise(answer) ? answer.then(pass) : pass(answer);
}
