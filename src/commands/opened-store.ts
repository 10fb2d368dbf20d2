import { type Durability, openStore, type Store } from '../../host/index.ts';
import type { OptionValues } from '../options/types.ts';
import { storeAccess } from './server-options.ts';

export interface OpenedStoreOptions {
  /** `strict` by default. */
  readonly durability?: Durability;
  /** Whether to create a missing store; false by default. */
  readonly create?: boolean;
}

/**
 * Calls `work` with the store of the options, which is closed afterwards. Servers may use it at the same time.
 *
 * @throws WasmcpError `store-*`
 */
export async function withOpenedStore<T>(
  options: OptionValues,
  work: (store: Store) => Promise<T>,
  { durability = 'strict', create = false }: OpenedStoreOptions = {},
): Promise<T> {
  const store = await openStore(options.store, {
    ...storeAccess(options),
    create,
    durability,
    // If a server accepted the engine's guarantees, so do the tools.
    acceptWeaker: true,
  });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
