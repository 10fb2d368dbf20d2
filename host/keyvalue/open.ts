import * as check from '../check-options.ts';
import { WasmcpError } from '../error.ts';
import type { DurabilityGate } from './durability-gate.ts';
import { openSqliteGate, type SqliteGateOptions } from './sqlite/durability-gate.ts';
import { type Housekeeping, type HousekeepingOptions, startHousekeeping } from './sqlite/housekeeping.ts';
import { openMemory, openSqlite, type SqliteOptions } from './sqlite/open.ts';
import type { Store } from './store.ts';

/** How a store is opened. Stores in memory ignore all of it. */
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

/** The default store: in the current folder, not in the user's home. */
export const DEFAULT_STORE_URL = 'sqlite:.wasmcp/store.db';

/**
 * Opens the store that `url` names: `sqlite:PATH` (a relative or absolute path, taken literally: nothing is decoded) or
 * `memory:` (empty, and gone once closed). The caller closes it.
 *
 * @throws WasmcpError `option-invalid` if the URL names no store; for `sqlite:` also `store-unusable`,
 * `store-newer-schema`, `store-busy`, `store-full`
 */
export async function openStore(url: string = DEFAULT_STORE_URL, options: StoreOptions = {}): Promise<Store> {
  check.text(url, 'openStore: the URL');
  check.checkOptions('openStore', options, CHECKS);
  const path = sqlitePath(url);
  if (path !== undefined) return openSqlite(path, options);
  if (/^memory:$/i.test(url)) return openMemory();
  throw new WasmcpError('option-invalid', `${reasonNoStore(url)}: write sqlite:PATH or memory:`);
}

/** The URL itself is not shown, as it may contain a password; a plain path contains none. */
function reasonNoStore(url: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*(?=:)/i.exec(url);
  // A single letter is a Windows drive.
  if (scheme !== null && scheme[0].length > 1) return `this "${scheme}:" URL names no store`;
  if (url === '' || url.includes('@')) return 'a URL without a scheme names no store';
  return `"${cut(url)}" names no store (did you mean sqlite:${cut(url)}?)`;
}

function cut(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/**
 * Opens the durability gate of a store that this process has opened by the same URL; undefined for a store that is not on a
 * disk of this machine. Close it before the store.
 *
 * @throws WasmcpError `store-unusable`
 */
export function openGate(url: string, options: SqliteGateOptions = {}): DurabilityGate | undefined {
  const path = sqlitePath(url);
  return path === undefined ? undefined : openSqliteGate(path, options);
}

/**
 * Starts housekeeping for the files of a store that this process has opened by the same URL; undefined for a store that is not
 * on a disk of this machine. Close it before the store.
 */
export function startStoreHousekeeping(
  url: string,
  options: HousekeepingOptions = {},
): Housekeeping | undefined {
  const path = sqlitePath(url);
  return path === undefined ? undefined : startHousekeeping(path, options);
}

/** The path in a `sqlite:` URL; undefined for any other URL, and for one that names no file. */
export function sqlitePath(url: string): string | undefined {
  const path = /^sqlite:(.+)$/is.exec(url)?.[1];
  return path === undefined || path === ':memory:' || /^\/\/(?!\/)/.test(path) ? undefined : path;
}
