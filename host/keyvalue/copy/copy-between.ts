import type { StoreAccess } from '../driver.ts';
import type { Compared } from './compare.ts';
import type { CopyOptions } from './copy-store.ts';

/** What was copied, and the names of both stores for messages. */
export interface Copied extends Pick<Compared, 'keys' | 'checksum'> {
  readonly from: string;
  readonly to: string;
}

/**
 * Copies the store at `from`, or the file of `spin:PATH`, into the empty store at `to`; see `copyStore`. Its code is loaded on
 * first use, because servers never need it.
 *
 * @throws WasmcpError `option-invalid`, `store-*`
 */
export async function copyBetween(
  from: string,
  to: string,
  access: StoreAccess,
  options: CopyOptions,
): Promise<Copied> {
  const [{ openSource }, { copyStore }, { openStore }] = await Promise.all([
    import('./open-source.ts'),
    import('./copy-store.ts'),
    import('../open.ts'),
  ]);
  const source = await openSource(from, access);
  try {
    // The copy must be on disk before the source is marked as moved.
    const target = await openStore(to, { ...access, durability: 'strict' });
    try {
      const { keys, checksum } = await copyStore(source, target, options);
      return { keys, checksum, from: source.url, to: target.url };
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}
