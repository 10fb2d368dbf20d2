import type { Store } from './store.ts';

/** Entries, and bytes of their values, that are written at once. */
const LIMIT = { entries: 1000, bytes: 8 * 1024 * 1024 };

/** A key of a bucket, and its value. */
export interface Entry {
  readonly bucket: string;
  readonly key: string;
  readonly value: Uint8Array;
}

/** Entries that are collected and written together. */
export interface Batch {
  /** Writes what was collected if it has become large enough. */
  add(entry: Entry): Promise<void>;
  flush(): Promise<void>;
}

/** `written` is called with the number of entries after each write. Of two entries for one key the later one wins. */
export function createBatch(store: Store, written: (entries: number) => void = () => {}): Batch {
  let collected: Entry[] = [];
  let bytes = 0;

  async function flush(): Promise<void> {
    const entries = collected;
    collected = [];
    bytes = 0;
    for (const [bucket, group] of Map.groupBy(entries, (entry) => entry.bucket)) {
      await store.setMany(
        bucket,
        group.map(({ key, value }) => [key, value] as const),
      );
      written(group.length);
    }
  }

  return {
    async add(entry) {
      collected.push(entry);
      bytes += entry.value.byteLength;
      if (collected.length >= LIMIT.entries || bytes >= LIMIT.bytes) await flush();
    },
    flush,
  };
}
