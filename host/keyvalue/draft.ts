import type { Guest } from '../guest.ts';
import * as common from './bucket.ts';
import type { CheckedStore } from './limits.ts';
import type { CounterBounds } from './store.ts';

/** Counters of this draft are u64. */
const BOUNDS: CounterBounds = { min: 0n, max: 2n ** 64n - 1n };

/** `record key-response` of wasi:keyvalue/store@0.2.0-draft. */
export interface KeyResponse {
  readonly keys: readonly string[];
  readonly cursor: bigint | undefined;
}

/** `resource bucket` of wasi:keyvalue/store@0.2.0-draft, returned by `open`. */
export class Bucket {
  readonly #open: common.OpenBucket;

  constructor(open: common.OpenBucket) {
    this.#open = open;
  }

  /** The open bucket behind one that a guest passes to `batch` or `atomics`. */
  static opened(bucket: Bucket): common.OpenBucket {
    return bucket.#open;
  }

  get(key: string): common.Result<Uint8Array | undefined> {
    return common.get(this.#open, key);
  }

  set(key: string, value: Uint8Array): common.Result<void> {
    return common.set(this.#open, key, value);
  }

  delete(key: string): common.Result<void> {
    return common.remove(this.#open, key);
  }

  exists(key: string): common.Result<boolean> {
    return common.exists(this.#open, key);
  }

  listKeys(cursor: bigint | undefined): common.Result<KeyResponse> {
    return common.list(
      this.#open,
      () => cursor,
      (page) => page,
    );
  }
}

/** Imports of `wasi:keyvalue/{store,batch,atomics}@0.2.0-draft`, under jco's names. */
export interface Draft {
  readonly store: { open(identifier: string): Bucket; readonly Bucket: typeof Bucket };
  readonly batch: {
    getMany(bucket: Bucket, keys: readonly string[]): common.Result<([string, Uint8Array] | undefined)[]>;
    setMany(bucket: Bucket, entries: readonly (readonly [string, Uint8Array])[]): common.Result<void>;
    deleteMany(bucket: Bucket, keys: readonly string[]): common.Result<void>;
  };
  readonly atomics: { increment(bucket: Bucket, key: string, delta: bigint): common.Result<bigint> };
}

/**
 * wasi:keyvalue 0.2.0-draft for one guest (WIT: WebAssembly/wasi-keyvalue, as in wasmtime). Synchronous if the store is.
 * Batches are all or nothing, which the WIT allows; a `list-keys` page has at most 1,000 keys.
 */
export function draft(store: CheckedStore, guest: Guest): Draft {
  const { opened } = Bucket;
  return {
    store: { open: (identifier) => new Bucket(common.openBucket(store, guest, identifier)), Bucket },
    batch: {
      getMany: (bucket, keys) => common.getMany(opened(bucket), keys, common.optionOfPair),
      setMany: (bucket, entries) => common.setMany(opened(bucket), entries),
      deleteMany: (bucket, keys) => common.deleteMany(opened(bucket), keys),
    },
    atomics: {
      increment: (bucket, key, delta) => common.increment(opened(bucket), key, delta, BOUNDS),
    },
  };
}
