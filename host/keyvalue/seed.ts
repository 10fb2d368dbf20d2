import type { Store } from './store.ts';

/** The bucket that `""` opens. */
const BUCKET = 'default';

/**
 * Puts keys into the default bucket that are to be there from the start. One that is there already keeps its value, however
 * many processes start on one store.
 *
 * @throws WasmcpError `store-*`
 */
export async function seed(store: Store, entries: readonly (readonly [string, string])[]): Promise<void> {
  for (const [key, text] of new Map(entries)) {
    const { value, version } = await store.read(BUCKET, key);
    // Lost to somebody else's write: the key is there.
    if (value === undefined) await store.swap(BUCKET, key, version, Buffer.from(text));
  }
}
