/** A value, or a promise of it: SQLite answers at once, remote engines with promises. */
export type Awaitable<T> = T | PromiseLike<T>;

export function isPromise<T>(value: Awaitable<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** A value and the version that `swap` compares. A version never repeats within a store, whatever happens to the key. */
export interface Versioned {
  /** Absent keys have a version too. */
  readonly value: Uint8Array | undefined;
  readonly version: bigint;
  /** When it was last written, in milliseconds since 1970 by the clock of whoever wrote it; undefined for absent keys. */
  readonly updated: number | undefined;
}

/** One page of keys, in order of first insertion. */
export interface KeyPage {
  readonly keys: readonly string[];
  /** Where the next page starts; absent on the last page. Stays right while keys are deleted or added. */
  readonly cursor: bigint | undefined;
}

/** Inclusive limits of a counter; they differ between the drafts of wasi:keyvalue. */
export interface CounterBounds {
  readonly min: bigint;
  readonly max: bigint;
}

/** Most keys on one page of `list`. */
export const PAGE_SIZE = 1000;

/** Most bytes of the values of one `getMany`, all of which are in memory at once. */
export const BATCH_BYTES: number = 64 * 1024 * 1024;

/**
 * Durable key-values in named buckets: the one contract that SQLite, memory and remote engines meet.
 *
 * Each method is atomic. A write that answered is durable to the degree that the store promises. Bytes are stored
 * untouched, keys compare byte by byte (UTF-8, no normalization; a lone surrogate has no UTF-8 and is a `TypeError`).
 * Failures are `WasmcpError`s with `store-*`, `cursor-invalid`, `not-a-number` or `number-overflow` as code; nothing
 * was written then. Whoever gets bytes, caller or store, may keep them: the other side does not touch them again.
 * Bucket names and limits are checked by `checked(store)`, not by each store.
 */
export interface Store {
  /** What people read in messages: `sqlite:PATH`, `memory:`; never with a password. */
  readonly url: string;
  get(bucket: string, key: string): Awaitable<Uint8Array | undefined>;
  exists(bucket: string, key: string): Awaitable<boolean>;
  set(bucket: string, key: string, value: Uint8Array): Awaitable<void>;
  /** Deleting a missing key is fine. */
  delete(bucket: string, key: string): Awaitable<void>;
  /** At most `PAGE_SIZE` keys that come after `cursor`, or the first ones. */
  list(bucket: string, cursor?: bigint): Awaitable<KeyPage>;
  /** At most `limit` keys from `from` on, in the order of their bytes; `limit` is `PAGE_SIZE` at most. */
  range(bucket: string, from: string, limit: number): Awaitable<readonly string[]>;
  /** Positional: one answer per key, duplicates included. More than `BATCH_BYTES` in all throw `store-limit`. */
  getMany(bucket: string, keys: readonly string[]): Awaitable<(Uint8Array | undefined)[]>;
  /** All or nothing; of two entries with one key the later wins. */
  setMany(bucket: string, entries: readonly (readonly [string, Uint8Array])[]): Awaitable<void>;
  /** All or nothing. */
  deleteMany(bucket: string, keys: readonly string[]): Awaitable<void>;
  /** Adds to a counter kept as ASCII decimal in its canonical spelling; a missing key counts as 0. Answers the new value. */
  increment(bucket: string, key: string, delta: bigint, bounds: CounterBounds): Awaitable<bigint>;
  /** The value with its version, for a later `swap`. */
  read(bucket: string, key: string): Awaitable<Versioned>;
  /** Writes if the key still has this version; false, and nothing written, otherwise. */
  swap(bucket: string, key: string, version: bigint, value: Uint8Array): Awaitable<boolean>;
  /** Names of the buckets that hold keys. */
  buckets(): Awaitable<string[]>;
  /** Closing twice is fine; every other call fails with `store-closed` afterwards. */
  close(): Awaitable<void>;
}
