import type { Awaitable } from './awaitable.ts';
import type { Changes } from './changes.ts';
import type { Durability } from './durability.ts';
import type { Fence, Leases } from './leases.ts';
import type { StoreMetrics } from './network/metrics.ts';

export { type Awaitable, isPromise } from './awaitable.ts';

/** What the acknowledged writes of a store survive. */
export interface StoreGuarantee {
  readonly durability: Durability;
  /** Why, as found at the engine when the store was opened; human-readable. */
  readonly engine?: string;
}

/** A value and the version that `swap` compares. A version never repeats within a store, not even after the key is deleted. */
export interface Versioned {
  /** Undefined if the key is absent, which has a version too. */
  readonly value: Uint8Array | undefined;
  readonly version: bigint;
  /** When it was last written, in milliseconds since 1970 by the writer's clock; undefined for absent keys. */
  readonly updated: number | undefined;
}

/** What is known of an entry without its value. */
export interface EntryInfo {
  readonly key: string;
  /** Bytes of the value. */
  readonly size: number;
  /** When it was last written, in milliseconds since 1970 by the writer's clock. */
  readonly updated: number;
}

/** One page of keys, in order of first insertion. */
export interface KeyPage {
  readonly keys: readonly string[];
  /** Where the next page starts; undefined on the last page. Remains valid while keys are deleted or added. */
  readonly cursor: bigint | undefined;
}

/** As `KeyPage`. */
export interface ValuesPage {
  /** Without the values of more than `SMALL_VALUE` bytes, which would fill memory. */
  readonly entries: readonly (readonly [key: string, value: Uint8Array | undefined])[];
  readonly cursor: bigint | undefined;
}

/** Beginnings of keys, from one on and below another. */
export interface Prefixes {
  readonly from: string;
  readonly before: string;
  /** In bytes. */
  readonly length: number;
}

/** As `KeyPage`. Millions of entries are not made into as many objects. */
export interface SizesPage {
  /** UTF-8: the beginning of each key, at once the size of its value in decimal, and a newline, which the last line may lack. */
  readonly lines: Uint8Array;
  readonly cursor: bigint | undefined;
}

/** Which numbers are wanted, of values that are JSON objects. */
export interface NumberQuery {
  /** Of the keys. */
  readonly ending: string;
  /** Bytes of the value before the JSON. */
  readonly skip: number;
  /** The member of the object with the number. */
  readonly field: string;
  readonly order: 'asc' | 'desc';
  /** The first and the last one in this order that are wanted. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly limit: number;
}

/** As `KeyPage`. */
export interface NumbersPage {
  /** In the order of the query, of the part of the store that was looked at. */
  readonly numbers: readonly (readonly [key: string, number: number])[];
  readonly cursor: bigint | undefined;
}

/** Which keys are wanted: by a text of ASCII characters, in upper or lower case. */
export interface TextQuery {
  readonly text: string;
  /** Endings of keys that contain the text. */
  readonly inKeys: string;
  /** Endings, of one length, of keys whose values contain the text. */
  readonly inValues: readonly [string, string];
}

/** Inclusive bounds of a counter; they differ between the drafts of wasi:keyvalue. */
export interface CounterBounds {
  readonly min: bigint;
  readonly max: bigint;
}

/** Maximum number of keys on one page of `list`. */
export const PAGE_SIZE = 1000;

/** Maximum size in bytes of a value that a search returns. */
export const SMALL_VALUE = 4096;

/** Maximum size in bytes of all values of one `getMany`, which are in memory at the same time. */
export const BATCH_BYTES: number = 64 * 1024 * 1024;

/**
 * Durable key-value pairs in named buckets: the one contract that SQLite, memory and remote engines implement.
 *
 * Each method is atomic. A write that has returned is as durable as the store promises. Bytes are stored unchanged; keys
 * compare byte by byte (UTF-8, no normalization; a lone surrogate has no UTF-8 and is a `TypeError`). Failures are
 * `WasmcpError`s with the code `store-*`, `cursor-invalid`, `not-a-number` or `number-overflow`; then nothing was written,
 * except that after `store-outcome-unknown` a write may have taken effect or not.
 * A write with a `fence` is refused with `lease-lost` unless the fence still holds, see `Leases`.
 * Bytes that are passed in or returned belong to the receiver: the other side does not touch them again. Bucket names and
 * limits are checked by `checked(store)`, not by each store.
 */
export interface Store {
  /** Human-readable, for messages: `sqlite:PATH`, `memory:`; never contains a password. */
  readonly url: string;
  /** Undefined for a store that guarantees nothing beyond its own life. */
  readonly guarantee?: StoreGuarantee | undefined;
  /** Undefined for a store that no other program can open. */
  readonly leases?: Leases | undefined;
  /** Undefined for a store that cannot report what others write. */
  readonly changes?: Changes<Store> | undefined;
  /** Figures of calls and connections; absent for a store that has no connections. */
  readonly metrics?: (() => StoreMetrics) | undefined;
  get(bucket: string, key: string): Awaitable<Uint8Array | undefined>;
  exists(bucket: string, key: string): Awaitable<boolean>;
  set(bucket: string, key: string, value: Uint8Array, fence?: Fence): Awaitable<void>;
  /** Deleting a missing key succeeds. */
  delete(bucket: string, key: string, fence?: Fence): Awaitable<void>;
  /** Returns the first `PAGE_SIZE` keys after `cursor`, or the first ones of all. */
  list(bucket: string, cursor?: bigint): Awaitable<KeyPage>;
  /** Returns at most `limit` keys from `from` on, ordered by their bytes; `limit` is capped at `PAGE_SIZE`. */
  range(bucket: string, from: string, limit: number): Awaitable<readonly string[]>;
  /** As `range`, with what is known of each entry. Optional: `entriesFrom` reads the values of stores without it. */
  entries?(bucket: string, from: string, limit: number): Awaitable<readonly EntryInfo[]>;
  /**
   * The entries written last, not after `before`: the newest first, those of one moment ordered by key. Looks at every entry of
   * the store. Optional.
   */
  newest?(bucket: string, before: number, limit: number): Awaitable<readonly EntryInfo[]>;
  /**
   * Keys with this ending and one of these values, in order of first insertion. Looks at a part of the store after `cursor`, so a
   * page may be empty. Optional.
   */
  withEnding?(
    bucket: string,
    ending: string,
    values: readonly Uint8Array[],
    cursor?: bigint,
  ): Awaitable<KeyPage>;
  /** Keys with this ending and their values, otherwise as `withEnding`. Optional. */
  valuesWithEnding?(bucket: string, ending: string, cursor?: bigint): Awaitable<ValuesPage>;
  /** The first numbers of a part of the store after `cursor`. Other values, and what is no JSON, are left out. Optional. */
  numbersWithEnding?(bucket: string, query: NumberQuery, cursor?: bigint): Awaitable<NumbersPage>;
  /** As `withEnding`. Optional. */
  withText?(bucket: string, query: TextQuery, cursor?: bigint): Awaitable<KeyPage>;
  /**
   * Sizes of values by the beginnings of their keys. Looks at a part of the store after `cursor`: the sum for a beginning may be in
   * several pages. Optional.
   */
  sizesByPrefix?(bucket: string, prefixes: Prefixes, cursor?: bigint): Awaitable<SizesPage>;
  /** The same with the times of last writes, in milliseconds since 1970, instead of sizes: one line for each entry. Optional. */
  timesByPrefix?(bucket: string, prefixes: Prefixes, cursor?: bigint): Awaitable<SizesPage>;
  /** Positional: one result per key, duplicates included. Throws `store-limit` above `BATCH_BYTES` in total. */
  getMany(bucket: string, keys: readonly string[]): Awaitable<(Uint8Array | undefined)[]>;
  /** All or nothing; the later of two entries for one key wins. */
  setMany(
    bucket: string,
    entries: readonly (readonly [string, Uint8Array])[],
    fence?: Fence,
  ): Awaitable<void>;
  /** All or nothing. */
  deleteMany(bucket: string, keys: readonly string[], fence?: Fence): Awaitable<void>;
  /** Adds to a counter stored as canonical ASCII decimal; a missing key counts as 0. Returns the new value. */
  increment(
    bucket: string,
    key: string,
    delta: bigint,
    bounds: CounterBounds,
    fence?: Fence,
  ): Awaitable<bigint>;
  /** Returns the value with its version, for a later `swap`. */
  read(bucket: string, key: string): Awaitable<Versioned>;
  /** Writes if the key still has this version; otherwise writes nothing and returns false. */
  swap(bucket: string, key: string, version: bigint, value: Uint8Array, fence?: Fence): Awaitable<boolean>;
  /** Names of the buckets that contain keys. */
  buckets(): Awaitable<string[]>;
  /** Closing again has no effect; every other call fails with `store-closed` afterwards. */
  close(): Awaitable<void>;
}
