import { type EntryInfo, PAGE_SIZE, type Store } from './store.ts';

/** Reads at once in `described`: each value is fetched whole, because such a store tells no sizes. */
const AT_ONCE = 16;

/** At most `limit` entries from `from` on without their values, ordered by the bytes of their keys. */
export async function entriesFrom(
  store: Pick<Store, 'entries' | 'range' | 'read'>,
  bucket: string,
  from: string,
  limit: number = PAGE_SIZE,
): Promise<readonly EntryInfo[]> {
  if (store.entries !== undefined) return store.entries(bucket, from, limit);
  return described(store, bucket, await store.range(bucket, from, limit));
}

async function described(
  store: Pick<Store, 'read'>,
  bucket: string,
  keys: readonly string[],
): Promise<EntryInfo[]> {
  const found: EntryInfo[] = [];
  for (let at = 0; at < keys.length; at += AT_ONCE) {
    const group = keys.slice(at, at + AT_ONCE).map(async (key): Promise<EntryInfo | undefined> => {
      const { value, updated } = await store.read(bucket, key);
      return value && { key, size: value.byteLength, updated: updated ?? 0 };
    });
    for (const entry of await Promise.all(group)) if (entry !== undefined) found.push(entry);
  }
  return found;
}
