import { WasmcpError } from '../../error.ts';
import type { Awaitable } from '../awaitable.ts';
import type { Entry } from '../batch.ts';
import { PAGE_SIZE, type Store } from '../store.ts';

/** A page of entries in order of first insertion. */
export interface EntryPage {
  readonly entries: readonly Entry[];
  /** Where the next page starts; undefined on the last page. */
  readonly cursor: bigint | undefined;
}

/** The source of a copy. Others may write to it meanwhile, except during `hold`. */
export interface CopySource {
  /** For messages; never contains a password. */
  readonly url: string;
  /** Identifies the content, so that an interrupted copy can continue. */
  readonly identity: string;
  buckets(): Awaitable<readonly string[]>;
  page(bucket: string, cursor: bigint | undefined): Awaitable<EntryPage>;
  /** All entries of a bucket, ordered by the bytes of their keys. */
  ordered(bucket: string): AsyncIterable<Entry> | Iterable<Entry>;
  /** Present if the source records changes, and can prevent others from writing. */
  readonly live?: LiveSource;
  close(): Awaitable<void>;
}

/** A source that can be copied while servers write to it. */
export interface LiveSource {
  /** The number of the last write. */
  version(): bigint;
  /** Entries that were written after `version`, in order of first insertion. */
  changedSince(version: bigint): Iterable<Entry>;
  /**
   * Keeps all others from writing while `work` runs; then marks the source as moved to `target`, if that is given, in one step
   * with releasing it. If `work` fails nothing was changed.
   */
  hold<T>(work: () => Promise<T>, target: string | undefined): Promise<T>;
}

/** Copies from any store. Its servers must have been stopped. */
export function storeSource(store: Store): CopySource {
  return {
    url: store.url,
    identity: store.url,
    buckets: () => store.buckets(),
    async page(bucket, from) {
      const { keys, cursor } = await store.list(bucket, from);
      return { entries: await entriesOf(store, bucket, keys), cursor };
    },
    ordered: (bucket) => orderedEntries(store, bucket),
    close: () => store.close(),
  };
}

/** All entries of a bucket, ordered by the bytes of their keys. */
export async function* orderedEntries(store: Store, bucket: string): AsyncGenerator<Entry> {
  let from = '';
  for (;;) {
    const keys = await store.range(bucket, from, PAGE_SIZE);
    yield* await entriesOf(store, bucket, keys);
    const last = keys.at(-1);
    if (last === undefined || keys.length < PAGE_SIZE) return;
    // The first text after the last key.
    from = `${last}\0`;
  }
}

/** The entries of these keys, without those that have been deleted meanwhile. */
async function entriesOf(store: Store, bucket: string, keys: readonly string[]): Promise<Entry[]> {
  if (keys.length === 0) return [];
  try {
    const values = await store.getMany(bucket, keys);
    return keys.flatMap((key, at) => {
      const value = values[at];
      return value === undefined ? [] : [{ bucket, key, value }];
    });
  } catch (error) {
    const isTooLarge = error instanceof WasmcpError && error.code === 'store-limit';
    if (!isTooLarge || keys.length === 1) throw error;
    const half = keys.length >> 1;
    return [
      ...(await entriesOf(store, bucket, keys.slice(0, half))),
      ...(await entriesOf(store, bucket, keys.slice(half))),
    ];
  }
}
