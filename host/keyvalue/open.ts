import * as check from '../check-options.ts';
import { WasmcpError } from '../error.ts';
import type { DurabilityGate } from './durability-gate.ts';
import { openSqliteGate, type SqliteGateOptions } from './sqlite/durability-gate.ts';
import { type Housekeeping, type HousekeepingOptions, startHousekeeping } from './sqlite/housekeeping.ts';
import { openMemory, openSqlite, type SqliteOptions } from './sqlite/open.ts';
import type { Store } from './store.ts';

/** How a store is opened; what a kind of store does not know it ignores. */
export interface StoreOptions extends SqliteOptions {}

const CHECKS: check.OptionChecks<StoreOptions> = {
  busyTimeout: check.milliseconds(0, 2 ** 31 - 1),
  allowNetworkFileSystem: check.flag,
  create: check.flag,
  durability: check.oneOf('power', 'process', 'strict'),
  broken: check.callback,
  isWhole: check.callback,
  full: check.callback,
};

/** Where state is kept unless something else is said: beside the program, not in somebody's home. */
export const DEFAULT_STORE_URL = 'sqlite:.wasmcp/store.db';

/**
 * Opens the store that `url` names: `sqlite:PATH` (a path as it is, relative or absolute; nothing in it is decoded)
 * or `memory:` (empty, gone when closed). Whoever opens it closes it.
 *
 * @throws WasmcpError `option-invalid` for a URL that names no store, else what opening that kind of store throws
 */
export async function openStore(url: string = DEFAULT_STORE_URL, options: StoreOptions = {}): Promise<Store> {
  check.text(url, 'openStore: the URL');
  check.checkOptions('openStore', options, CHECKS);
  const path = sqlitePath(url);
  if (path !== undefined) return openSqlite(path, options);
  if (/^memory:$/i.test(url)) return openMemory();
  throw new WasmcpError('option-invalid', `${reasonNoStore(url)}: write sqlite:PATH or memory:`);
}

/** A URL itself is not shown, as it may hold a password; what can only be a path has none. */
function reasonNoStore(url: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*(?=:)/i.exec(url);
  // One letter is a drive of Windows.
  if (scheme !== null && scheme[0].length > 1) return `this "${scheme}:" URL names no store`;
  if (url === '' || url.includes('@')) return 'a URL without a scheme names no store';
  return `"${cut(url)}" names no store (did you mean sqlite:${cut(url)}?)`;
}

function cut(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/**
 * The gate of a store that this process has opened by the same URL; none for a store that is not on a disk of this
 * machine. Close it before the store.
 *
 * @throws WasmcpError `store-unusable`
 */
export function openGate(url: string, options: SqliteGateOptions = {}): DurabilityGate | undefined {
  const path = sqlitePath(url);
  return path === undefined ? undefined : openSqliteGate(path, options);
}

/**
 * Looks after the files of a store that this process has opened by the same URL; nothing to do for a store that is not on
 * a disk of this machine. Close it before the store.
 */
export function startStoreHousekeeping(
  url: string,
  options: HousekeepingOptions = {},
): Housekeeping | undefined {
  const path = sqlitePath(url);
  return path === undefined ? undefined : startHousekeeping(path, options);
}

/** The path in a `sqlite:` URL; undefined for every other URL, and for one without a file of its own. */
export function sqlitePath(url: string): string | undefined {
  const path = /^sqlite:(.+)$/is.exec(url)?.[1];
  return path === undefined || path === ':memory:' || /^\/\/(?!\/)/.test(path) ? undefined : path;
}
