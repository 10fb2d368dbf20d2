import { type Durability, openStore, type Store, WasmcpError } from '../../host/index.ts';
import { DEFAULTS } from '../options/defaults.ts';
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
  const store = await opened(options, {
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

async function opened(options: OptionValues, how: Parameters<typeof openStore>[1]): Promise<Store> {
  try {
    return await openStore(options.store, { ...storeAccess(options), ...how });
  } catch (error) {
    const isMissing = error instanceof WasmcpError && error.message.endsWith(' does not exist');
    if (!isMissing || options.store !== DEFAULTS.store) throw error;
    throw new WasmcpError(
      error.code,
      `${error.message}; it is the default: name another store with --store`,
      {
        cause: error,
      },
    );
  }
}
