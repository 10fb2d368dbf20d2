import * as check from '../check-options.ts';
import { WasmcpError } from '../error.ts';
import type { ProtectedPath } from '../options.ts';
import type {
  GateOptions,
  Housekeeping,
  HousekeepingOptions,
  StoreAccess,
  StoreOptions,
  StoreSize,
} from './driver.ts';
import { DRIVERS, driverOf } from './drivers.ts';
import type { DurabilityGate } from './durability-gate.ts';
import type { Store } from './store.ts';

/** Checks of how an engine on another machine is reached. */
export const ACCESS_CHECKS: check.OptionChecks<StoreAccess> = {
  passwordFile: check.text,
  timeout: check.milliseconds(1, 2 ** 31 - 1),
  wait: check.milliseconds(0, 2 ** 31 - 1),
  connections: check.wholeNumber(1, 1000),
  acceptWeaker: check.flag,
};

const CHECKS: check.OptionChecks<StoreOptions> = {
  ...ACCESS_CHECKS,
  busyTimeout: check.milliseconds(0, 2 ** 31 - 1),
  allowNetworkFileSystem: check.flag,
  create: check.flag,
  durability: check.oneOf('power', 'process', 'strict'),
  broken: check.callback,
  isWhole: check.callback,
  full: check.callback,
  away: check.callback,
};

/** The default store: in the current folder, not in the user's home. */
export const DEFAULT_STORE_URL = 'sqlite:.wasmcp/store.db';

/**
 * Opens the store that `url` names: `sqlite:PATH` (a relative or absolute path, taken literally: nothing is decoded),
 * `memory:` (empty, and gone once closed), `postgres://USER@HOST/DATABASE`,
 * or `redis://HOST`. The caller closes it.
 *
 * @throws WasmcpError `option-invalid` if the URL names no store; unless it is `memory:` also
 * `store-unusable`, `store-newer-schema`, `store-busy`, `store-full`, `store-unavailable`
 */
export async function openStore(url: string = DEFAULT_STORE_URL, options: StoreOptions = {}): Promise<Store> {
  check.text(url, 'openStore: the URL');
  check.checkOptions('openStore', options, CHECKS);
  const driver = driverOf(url);
  if (driver !== undefined) return driver.open(url, options);
  const forms = new Intl.ListFormat('en', { type: 'disjunction' }).format(DRIVERS.map(({ form }) => form));
  throw new WasmcpError('option-invalid', `${reasonNoStore(url)}: write ${forms}`);
}

/**
 * Loads the code for a store ahead of time, for a thread that will probably open it, and `keeps` it for others. Reports nothing:
 * `openStore` does.
 */
export async function preloadStore(url: string = DEFAULT_STORE_URL, keeps = false): Promise<void> {
  await driverOf(url)
    ?.preload?.(keeps)
    .catch(() => {});
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

/** Whether each thread opens this store itself; otherwise one does, and serves it to the others. */
export function isOpenedPerThread(url: string): boolean {
  return driverOf(url)?.isOpenedPerThread ?? false;
}

/**
 * Opens the durability gate of a store that this process has opened by the same URL; undefined for a store that is not on a
 * disk of this machine. Close it before the store.
 *
 * @throws WasmcpError `store-unusable`
 */
export async function openGate(url: string, options: GateOptions = {}): Promise<DurabilityGate | undefined> {
  return driverOf(url)?.openGate?.(url, options);
}

/**
 * Starts housekeeping for the files of a store that this process has opened by the same URL; undefined for a store that is not
 * on a disk of this machine. Close it before the store.
 */
export async function startStoreHousekeeping(
  url: string,
  options: HousekeepingOptions = {},
): Promise<Housekeeping | undefined> {
  return driverOf(url)?.startHousekeeping?.(url, options);
}

/** Returns the size of a store; undefined if it has no files on this machine. Costs two `stat` calls. */
export async function sizeOfStore(url: string): Promise<StoreSize | undefined> {
  return driverOf(url)?.sizeOf?.(url);
}

/** Files on this machine that only the store may touch. */
export function filesOfStore(url: string): readonly ProtectedPath[] {
  return driverOf(url)?.filesOf?.(url) ?? [];
}
