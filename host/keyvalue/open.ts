import { WasmcpError } from '../error.ts';
import { openMemory, openSqlite, type SqliteOptions } from './sqlite/open.ts';
import type { Store } from './store.ts';

/** How a store is opened; what a kind of store does not know it ignores. */
export interface StoreOptions extends SqliteOptions {}

/** Where state is kept unless something else is said: beside the program, not in somebody's home. */
export const DEFAULT_STORE_URL = 'sqlite:.wasmcp/store.db';

/**
 * Opens the store that `url` names: `sqlite:PATH` (a path as it is, relative or absolute; nothing in it is decoded)
 * or `memory:` (empty, gone when closed). Whoever opens it closes it.
 *
 * @throws WasmcpError `option-invalid` for a URL that names no store, else what opening that kind of store throws
 */
export async function openStore(url: string = DEFAULT_STORE_URL, options: StoreOptions = {}): Promise<Store> {
  const [, scheme, rest = ''] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(url) ?? [];
  switch (scheme?.toLowerCase()) {
    case 'sqlite':
      if (rest === '' || rest === ':memory:' || /^\/\/(?!\/)/.test(rest)) break;
      return openSqlite(rest, options);
    case 'memory':
      if (rest !== '') break;
      return openMemory();
  }
  // The URL itself is not shown: it may hold a password.
  const given = scheme === undefined ? 'a URL without a scheme' : `this "${scheme}:" URL`;
  throw new WasmcpError('option-invalid', `${given} names no store: write sqlite:PATH or memory:`);
}
