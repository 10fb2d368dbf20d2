import { expect } from 'vitest';
import type { Awaitable } from '../../../host/keyvalue/awaitable.ts';
import type { Store } from '../../../host/keyvalue/store.ts';

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The same store with promises, as of a remote engine. */
export function remote(store: Store): Store {
  const later =
    <A extends readonly unknown[], T>(method: (...args: A) => Awaitable<T>) =>
    async (...args: A): Promise<T> => {
      await new Promise(setImmediate);
      return method(...args);
    };
  return {
    url: store.url,
    get: later(store.get),
    exists: later(store.exists),
    set: later(store.set),
    delete: later(store.delete),
    list: later(store.list),
    range: later(store.range),
    getMany: later(store.getMany),
    setMany: later(store.setMany),
    deleteMany: later(store.deleteMany),
    increment: later(store.increment),
    read: later(store.read),
    swap: later(store.swap),
    buckets: later(store.buckets),
    close: store.close,
  };
}

/** The value that `work` throws or rejects with. */
export async function thrown(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

export const other = (message: RegExp): unknown => ({ tag: 'other', val: expect.stringMatching(message) });
