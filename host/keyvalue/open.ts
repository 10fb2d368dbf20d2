import { WasmcpError } from '../error.ts';
import type { OutputGate } from './gate.ts';
import { openSqliteGate, type SqliteGateOptions } from './sqlite/gate.ts';
import { openMemory, openSqlite, type SqliteOptions } from './sqlite/open.ts';
import { startUpkeep, type Upkeep, type UpkeepOptions } from './sqlite/upkeep.ts';
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
  const path = sqlitePath(url);
  if (path !== undefined) return openSqlite(path, options);
  if (/^memory:$/i.test(url)) return openMemory();
  const scheme = /^[a-z][a-z0-9+.-]*(?=:)/i.exec(url);
  // The URL itself is not shown: it may hold a password.
  const given = scheme === null ? 'a URL without a scheme' : `this "${scheme}:" URL`;
  throw new WasmcpError('option-invalid', `${given} names no store: write sqlite:PATH or memory:`);
}

/**
 * The gate of a store that this process has opened by the same URL; none for a store that is not on a disk of this
 * machine. Close it before the store.
 *
 * @throws WasmcpError `store-unusable`
 */
export function openGate(url: string, options: SqliteGateOptions = {}): OutputGate | undefined {
  const path = sqlitePath(url);
  return path === undefined ? undefined : openSqliteGate(path, options);
}

/**
 * Looks after the files of a store that this process has opened by the same URL; nothing to do for a store that is not on
 * a disk of this machine. Close it before the store.
 */
export function startStoreUpkeep(url: string, options: UpkeepOptions = {}): Upkeep | undefined {
  const path = sqlitePath(url);
  return path === undefined ? undefined : startUpkeep(path, options);
}

/** The path in a `sqlite:` URL; undefined for every other URL, and for one without a file of its own. */
export function sqlitePath(url: string): string | undefined {
  const path = /^sqlite:(.+)$/is.exec(url)?.[1];
  return path === undefined || path === ':memory:' || /^\/\/(?!\/)/.test(path) ? undefined : path;
}
