import { WasmcpError } from '../error.ts';
import type { Guest } from '../guest.ts';
import type { GetManyShape } from '../options.ts';
import * as common from './bucket.ts';
import type { CheckedStore } from './limits.ts';
import type { CounterBounds, Versioned } from './store.ts';

/** Counters of this draft are s64. */
const BOUNDS: CounterBounds = { min: -(2n ** 63n), max: 2n ** 63n - 1n };

/** `record key-response` of wasi:keyvalue/store@0.2.0-draft2. */
export interface KeyResponse {
  readonly keys: readonly string[];
  readonly cursor: string | undefined;
}

/** `variant cas-error` of wasi:keyvalue/atomics@0.2.0-draft2; thrown. */
export type CasError =
  | { readonly tag: 'store-error'; readonly val: common.KeyvalueError }
  | { readonly tag: 'cas-failed'; readonly val: Cas };

/** `resource bucket` of wasi:keyvalue/store@0.2.0-draft2, returned by `open`. */
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

  listKeys(cursor: string | undefined): common.Result<KeyResponse> {
    return common.list(
      this.#open,
      () => parsedCursor(cursor),
      (page) => ({ keys: page.keys, cursor: page.cursor?.toString() }),
    );
  }
}

/** `resource cas` of wasi:keyvalue/atomics@0.2.0-draft2: a key as it was when the handle was made. */
export class Cas {
  readonly #open: common.OpenBucket;
  readonly #key: string;
  readonly #seen: Versioned;
  #charged: number;

  /** @throws WasmcpError `store-limit` if the value exceeds the guest's budget */
  constructor(open: common.OpenBucket, key: string, seen: Versioned) {
    const cost = 2 * key.length + (seen.value?.byteLength ?? 0);
    common.charge(open, cost);
    this.#charged = cost;
    this.#open = open;
    this.#key = key;
    this.#seen = seen;
  }

  static new(bucket: Bucket, key: string): common.Result<Cas> {
    const open = Bucket.opened(bucket);
    return common.call(
      open,
      () => open.store.read(open.name, key),
      (seen) => new Cas(open, key, seen),
    );
  }

  /** Writes if the key is unchanged since this handle was made; otherwise throws `cas-failed` with a fresh handle. */
  static swap(cas: Cas, value: Uint8Array): common.Result<void> {
    const open = cas.#open;
    const key = cas.#key;
    cas[Symbol.dispose]();
    const refused = (): common.Result<never> =>
      common.call(
        open,
        () => open.store.read(open.name, key),
        (seen): never => {
          throw { tag: 'cas-failed', val: new Cas(open, key, seen) } satisfies CasError;
        },
        storeError,
      );
    return common.call<boolean, void>(
      open,
      () => open.store.swap(open.name, key, cas.#seen.version, value, open.guest.fence),
      (swapped) => (swapped ? undefined : refused()),
      storeError,
    );
  }

  [Symbol.dispose](): void {
    this.#open.guest.budget.release(this.#charged);
    this.#charged = 0;
  }

  /** The value that `swap` would replace: the one read when this handle was made, not a later one. */
  current(): Uint8Array | undefined {
    this.#open.guest.check();
    return this.#seen.value;
  }
}

/** Imports of `wasi:keyvalue/{store,batch,atomics}@0.2.0-draft2`, under jco's names. */
export interface Draft2 {
  readonly store: { open(identifier: string): Bucket; readonly Bucket: typeof Bucket };
  readonly batch: {
    getMany(
      bucket: Bucket,
      keys: readonly string[],
    ): common.Result<([string, Uint8Array | undefined] | undefined)[]>;
    setMany(bucket: Bucket, entries: readonly (readonly [string, Uint8Array])[]): common.Result<void>;
    deleteMany(bucket: Bucket, keys: readonly string[]): common.Result<void>;
  };
  readonly atomics: {
    increment(bucket: Bucket, key: string, delta: bigint): common.Result<bigint>;
    readonly Cas: typeof Cas;
    swap(cas: Cas, value: Uint8Array): common.Result<void>;
  };
}

/**
 * wasi:keyvalue 0.2.0-draft2 for one guest (WIT: WebAssembly/wasi-keyvalue, main). Synchronous if the store is.
 * Batches are all or nothing, which the WIT allows; a `list-keys` page has at most 1,000 keys.
 */
export function draft2(store: CheckedStore, guest: Guest, shape: GetManyShape): Draft2 {
  const { opened } = Bucket;
  const pair = shape === 'options' ? common.optionOfPair : common.pairOfOption;
  return {
    store: { open: (identifier) => new Bucket(common.openBucket(store, guest, identifier)), Bucket },
    batch: {
      getMany: (bucket, keys) =>
        common.getMany<[string, Uint8Array | undefined] | undefined>(opened(bucket), keys, pair),
      setMany: (bucket, entries) => common.setMany(opened(bucket), entries),
      deleteMany: (bucket, keys) => common.deleteMany(opened(bucket), keys),
    },
    atomics: {
      increment: (bucket, key, delta) => common.increment(opened(bucket), key, delta, BOUNDS),
      Cas,
      swap: Cas.swap,
    },
  };
}

function storeError(val: common.KeyvalueError): CasError {
  return { tag: 'store-error', val };
}

/** Our cursors are decimal ids; the store checks the range. */
function parsedCursor(cursor: string | undefined): bigint | undefined {
  if (cursor === undefined) return undefined;
  if (/^(?:0|[1-9][0-9]{0,18})$/.test(cursor)) return BigInt(cursor);
  throw new WasmcpError('cursor-invalid', 'the cursor is not one that this store returned');
}
