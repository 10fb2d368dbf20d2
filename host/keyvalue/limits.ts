import { WasmcpError } from '../error.ts';
import { isPromise } from './awaitable.ts';
import type { Store } from './store.ts';

/** What a guest may store, and in which buckets. */
export interface StoreLimits {
  /** Maximum size of a key in bytes of UTF-8; 4,096 by default. */
  readonly maxKey?: number;
  /** Maximum size of a value in bytes; 16 MiB by default. */
  readonly maxValue?: number;
  /** The only buckets that exist, where `""` means `default`; if absent, every valid name exists. */
  readonly buckets?: readonly string[];
}

/** A store that is safe to hand to a guest. */
export interface CheckedStore extends Store {
  /**
   * Returns the name of the bucket that `identifier` of `wasi:keyvalue/store` `open` names: `""` means `default`. A name has
   * 1 to 255 bytes of UTF-8 and no control characters.
   *
   * @throws WasmcpError `bucket-name-invalid`, `bucket-denied`
   */
  bucketName(identifier: string): string;
}

/** Default maximum size of a value in bytes. */
export const DEFAULT_MAX_VALUE: number = 16 * 1024 * 1024;

const MAX_BUCKET_NAME = 255;

/** The prefix of buckets that belong to the program: guests cannot open them. */
export const RESERVED_PREFIX = 'wasmcp-node:';

/**
 * Wraps `store` in the rules for bucket names and the limits on writes, all checked before anything is written (a batch as
 * a whole). A key that is too long to be written can be read and deleted: it is absent, or was written under another
 * limit. Closing the wrapper closes `store`.
 *
 * Reserved buckets can only be opened `withReserved`, which is for tools.
 *
 * Besides the errors of `store`, each method throws `bucket-name-invalid` or `bucket-denied`, and the writing methods throw
 * `store-limit`.
 *
 * @throws WasmcpError `option-invalid`, `bucket-name-invalid`
 */
export function checked(store: Store, limits: StoreLimits = {}, withReserved = false): CheckedStore {
  const maxKey = byteLimit('maxKey', limits.maxKey ?? 4096);
  const maxValue = byteLimit('maxValue', limits.maxValue ?? DEFAULT_MAX_VALUE);
  const allowed = limits.buckets && new Set(limits.buckets.map(validName));

  function bucketName(identifier: string): string {
    const name = validName(identifier);
    if (!withReserved && name.startsWith(RESERVED_PREFIX)) {
      throw new WasmcpError(
        'bucket-denied',
        `bucket names that begin with "${RESERVED_PREFIX}" are reserved`,
      );
    }
    if (allowed?.has(name) === false) {
      throw new WasmcpError('bucket-denied', `bucket "${name}" is not allowed (--bucket)`);
    }
    return name;
  }

  function checkKey(key: string): void {
    const size = Buffer.byteLength(key);
    if (size <= maxKey) return;
    throw new WasmcpError('store-limit', `a key has ${size} bytes, the limit is ${maxKey}`);
  }

  function checkEntry(key: string, value: Uint8Array): void {
    checkKey(key);
    if (value.byteLength <= maxValue) return;
    throw new WasmcpError('store-limit', `a value has ${value.byteLength} bytes, the limit is ${maxValue}`);
  }

  const { entries } = store;
  return {
    url: store.url,
    leases: store.leases,
    bucketName,
    ...(entries && {
      entries: (bucket, from, limit) => entries.call(store, bucketName(bucket), from, limit),
    }),
    get: (bucket, key) => store.get(bucketName(bucket), key),
    exists: (bucket, key) => store.exists(bucketName(bucket), key),
    set(bucket, key, value, fence) {
      const name = bucketName(bucket);
      checkEntry(key, value);
      return store.set(name, key, value, fence);
    },
    delete: (bucket, key, fence) => store.delete(bucketName(bucket), key, fence),
    list: (bucket, cursor) => store.list(bucketName(bucket), cursor),
    range: (bucket, from, limit) => store.range(bucketName(bucket), from, limit),
    getMany: (bucket, keys) => store.getMany(bucketName(bucket), keys),
    setMany(bucket, entries, fence) {
      const name = bucketName(bucket);
      for (const [key, value] of entries) checkEntry(key, value);
      return store.setMany(name, entries, fence);
    },
    deleteMany: (bucket, keys, fence) => store.deleteMany(bucketName(bucket), keys, fence),
    increment(bucket, key, delta, bounds, fence) {
      const name = bucketName(bucket);
      checkKey(key);
      return store.increment(name, key, delta, bounds, fence);
    },
    read: (bucket, key) => store.read(bucketName(bucket), key),
    swap(bucket, key, version, value, fence) {
      const name = bucketName(bucket);
      checkEntry(key, value);
      return store.swap(name, key, version, value, fence);
    },
    buckets() {
      const names = store.buckets();
      if (withReserved) return names;
      return isPromise(names) ? names.then(withoutReserved) : withoutReserved(names);
    },
    close: () => store.close(),
  };
}

/** Whether guests can open a bucket of the store. */
export function isOpenToGuests(bucket: string, { buckets }: StoreLimits): boolean {
  if (bucket.startsWith(RESERVED_PREFIX)) return false;
  return buckets === undefined || buckets.some((name) => validName(name) === bucket);
}

function withoutReserved(names: string[]): string[] {
  return names.filter((name) => !name.startsWith(RESERVED_PREFIX));
}

function validName(identifier: string): string {
  const name = identifier === '' ? 'default' : identifier;
  if (Buffer.byteLength(name) <= MAX_BUCKET_NAME && name.isWellFormed() && !/\p{Cc}/u.test(name)) return name;
  throw new WasmcpError(
    'bucket-name-invalid',
    `a bucket name has 1 to ${MAX_BUCKET_NAME} bytes of UTF-8 without control characters`,
  );
}

function byteLimit(name: string, limit: number): number {
  if (Number.isSafeInteger(limit) && limit > 0) return limit;
  throw new WasmcpError('option-invalid', `${name} is ${limit}, not a number of bytes`);
}
