import { PAGE_SIZE, type Store } from './store.ts';

/** All keys that begin with `prefix`, ordered by their bytes; read `page` keys at a time, however many there are. */
export async function* keysWith(
  store: Pick<Store, 'range'>,
  bucket: string,
  prefix: string,
  page: number = PAGE_SIZE,
): AsyncGenerator<string> {
  let from = prefix;
  for (;;) {
    const keys = await store.range(bucket, from, page);
    for (const key of keys) {
      if (!key.startsWith(prefix)) return;
      yield key;
    }
    const last = keys.at(-1);
    if (last === undefined || keys.length < page) return;
    // The first text after the last key.
    from = `${last}\0`;
  }
}
