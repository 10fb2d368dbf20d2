import type { Store } from './store.ts';

/** The bucket that `""` opens. */
const BUCKET = 'default';

/**
 * Writes initial entries into the default bucket. A key that exists keeps its value, however many processes start with the
 * same store.
 *
 * @throws WasmcpError `store-*`
 */
export async function seed(store: Store, entries: readonly (readonly [string, string])[]): Promise<void> {
  for (const [key, text] of new Map(entries)) {
    const { value, version } = await store.read(BUCKET, key);
    // A failed swap means that another process wrote the key.
    if (value === undefined) await store.swap(BUCKET, key, version, Buffer.from(text));
  }
}
