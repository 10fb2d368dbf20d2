import { WasmcpError } from '../error.ts';
import { type Operations, type StoreCall, wallClock } from '../operations.ts';
import { type Awaitable, isPromise } from './awaitable.ts';
import type { CheckedStore } from './limits.ts';

/** `store`, with each operation noted in `operations`. Reading the list of buckets is no operation of a guest. */
export function observedStore(store: CheckedStore, operations: Operations): CheckedStore {
  function noted<T>(
    name: StoreCall,
    work: () => Awaitable<T>,
    outcomeOf: (value: T) => string = () => 'ok',
  ): Awaitable<T> {
    const start = wallClock();
    const note = (outcome: string): void => operations.addStore(name, outcome, start, wallClock() - start);
    const fail = (error: unknown): never => {
      note(error instanceof WasmcpError ? error.code : 'error');
      throw error;
    };
    const succeed = (value: T): T => {
      note(outcomeOf(value));
      return value;
    };
    let result: Awaitable<T>;
    try {
      result = work();
    } catch (error) {
      return fail(error);
    }
    return isPromise(result) ? result.then(succeed, fail) : succeed(result);
  }

  return {
    ...store,
    get: (bucket, key) => noted('get', () => store.get(bucket, key)),
    exists: (bucket, key) => noted('exists', () => store.exists(bucket, key)),
    set: (bucket, key, value, fence) => noted('set', () => store.set(bucket, key, value, fence)),
    delete: (bucket, key, fence) => noted('delete', () => store.delete(bucket, key, fence)),
    list: (bucket, cursor) => noted('list-keys', () => store.list(bucket, cursor)),
    getMany: (bucket, keys) => noted('get-many', () => store.getMany(bucket, keys)),
    setMany: (bucket, entries, fence) => noted('set-many', () => store.setMany(bucket, entries, fence)),
    deleteMany: (bucket, keys, fence) => noted('delete-many', () => store.deleteMany(bucket, keys, fence)),
    increment: (bucket, key, delta, bounds, fence) =>
      noted('increment', () => store.increment(bucket, key, delta, bounds, fence)),
    read: (bucket, key) => noted('read', () => store.read(bucket, key)),
    swap: (bucket, key, version, value, fence) =>
      noted(
        'swap',
        () => store.swap(bucket, key, version, value, fence),
        (swapped) => (swapped ? 'ok' : 'changed'),
      ),
  };
}
