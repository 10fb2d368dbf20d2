import { existsSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { WasmcpError } from '../../error.ts';
import type { StoreOptions } from '../driver.ts';
import type { Durability } from '../durability.ts';
import type { Store } from '../store.ts';
import { connectInTurn } from './connect-in-turn.ts';
import { type Connection, connect } from './connection.ts';
import { monitorDatabase } from './database-monitor.ts';
import { sqliteFailure } from './errors.ts';
import { rememberFiles } from './file-identity.ts';
import { connectForLeases } from './leases.ts';
import { prepareFile, syncFolder } from './prepare-file.ts';
import { MIGRATIONS, migrate } from './schema.ts';
import { createSpaceRecovery } from './space-recovery.ts';
import { spaceReserve } from './space-reserve.ts';
import { sqliteStore } from './store.ts';
import { openGuard } from './store-guard.ts';
import type { StoreEvents } from './transactions.ts';
import { requireFixedSqlite } from './version.ts';

/** How a SQLite store is opened. */
export interface SqliteOptions extends StoreOptions {}

/**
 * `PRAGMA synchronous` (https://sqlite.org/pragma.html#pragma_synchronous): with FULL every commit waits for the disk,
 * with NORMAL only checkpoints do.
 */
const SYNCHRONOUS: Readonly<Record<Durability, bigint>> = { strict: 2n, power: 1n, process: 1n };

/** Size in bytes to which the log is truncated when it restarts after a burst. */
const LOG_SIZE_LIMIT = 16 * 1024 * 1024;

/**
 * KiB of pages that a connection keeps, as SQLite by itself; better-sqlite3 is compiled to keep 16 MB. Each worker has a connection,
 * and what a large value leaves there is not returned to the system. The system has the pages, too.
 */
const CACHE_SIZE = 2000;

/**
 * Opens the store in the SQLite file at `path`, and creates folders (0700) and file (0600) as needed. Any number of threads
 * and processes may open the same file. `durability` says what an acknowledged write survives; a new file and its entry in
 * its folder are always on disk when this returns.
 *
 * @throws WasmcpError `store-unusable`, `store-newer-schema`, `store-busy`, `store-full`, `option-invalid`
 */
export function openSqlite(path: string, options: SqliteOptions = {}): Store {
  const busyTimeout = options.busyTimeout ?? 5000;
  if (!Number.isInteger(busyTimeout) || busyTimeout < 0 || busyTimeout > 0x7fffffff) {
    throw new WasmcpError('option-invalid', `busyTimeout is ${busyTimeout}, not a number of milliseconds`);
  }
  // Absolute, so that SQLite never reads it as a `file:` URI. better-sqlite3 trims the path that it opens.
  const file = resolve(path);
  const url = `sqlite:${file}`;
  if (path === '' || file !== file.trim() || file.includes('\0')) {
    throw new WasmcpError('option-invalid', `"${path}" is not the path of a store`);
  }
  requireFixedSqlite(url);
  if (options.create === false && !existsSync(file)) {
    throw new WasmcpError('store-unusable', `${url} does not exist`);
  }
  try {
    return openFile(file, url, busyTimeout, options);
  } catch (error) {
    // Even opening it takes space, for the `-shm`.
    const isFull = error instanceof WasmcpError && error.code === 'store-full' && existsSync(file);
    if (!isFull || !spaceReserve(realpathSync(file)).release()) throw error;
    return openFile(file, url, busyTimeout, options);
  }
}

function openFile(file: string, url: string, busyTimeout: number, options: SqliteOptions): Store {
  const exists = prepareFile(file, url, options.allowNetworkFileSystem ?? false);
  const connecting = (): Connection => connectInTurn(file, url, busyTimeout, exists);
  return opened(connecting, url, (connection) => {
    connection.pragma('synchronous = FULL');
    // These only have an effect on macOS, where a plain fsync leaves data in the disk's own cache.
    connection.pragma('fullfsync = ON');
    connection.pragma('checkpoint_fullfsync = ON');
    connection.pragma(`journal_size_limit = ${LOG_SIZE_LIMIT}`);
    connection.pragma(`cache_size = -${CACHE_SIZE}`);
    if (migrate(connection, url, MIGRATIONS)) {
      syncFolder(realpathSync(file), url);
      // Moves the store's name into the database file, where `requireOwnLog` expects it.
      connection.pragma('wal_checkpoint(TRUNCATE)');
    }
    const { durability = 'strict' } = options;
    const synchronous = SYNCHRONOUS[durability];
    connection.pragma(`synchronous = ${synchronous}`);
    const check = (): void => checkDurable(connection, url, synchronous);
    check();
    const path = realpathSync(file);
    const store = sqliteStore(connection, url, busyTimeout, {
      ...protection(connection, path, url, busyTimeout, options),
      afterFirstWrite: check,
      broken: options.broken ?? (() => {}),
      full: options.full ?? (() => {}),
      spaceRecovery: createSpaceRecovery(connection, path, busyTimeout),
      leaseConnection: () => connectForLeases(path),
    });
    return { ...store, guarantee: { durability } };
  });
}

/** Opens an empty store that lives in this thread's memory until it is closed. */
export function openMemory(): Store {
  const url = 'memory:';
  return opened(
    () => connect(':memory:', 0),
    url,
    (connection) => {
      migrate(connection, url, MIGRATIONS);
      return sqliteStore(connection, url, 0, {
        afterFirstWrite: () => {},
        mayCommit: () => undefined,
        mayAcknowledge: () => undefined,
        closing: (close) => close(true),
        broken: () => {},
        full: () => {},
        spaceRecovery: undefined,
        leaseConnection: undefined,
      });
    },
  );
}

/** Prevents commits into files that are no longer the store's. With `power` the gate checks before responses leave. */
function protection(
  connection: Connection,
  path: string,
  url: string,
  busyTimeout: number,
  { durability, isWhole = () => true }: SqliteOptions,
): Pick<StoreEvents, 'mayCommit' | 'mayAcknowledge' | 'closing'> {
  if (durability === 'power') {
    const [files, database] = [rememberFiles(path, url), monitorDatabase(connection, path, url)];
    return {
      // The database file too, as a commit can trigger a checkpoint, which would hide that the file was overwritten.
      mayCommit: () => files.quickCheck() ?? database.checkThrottled(),
      mayAcknowledge: () => undefined,
      closing(close) {
        database.close();
        close(files.check() === undefined && isWhole());
      },
    };
  }
  const guard = openGuard(path, url, busyTimeout);
  return {
    mayCommit: guard.mayCommit,
    mayAcknowledge: guard.check,
    closing(close) {
      // The last connection to close checkpoints the log.
      if (guard.isWhole()) {
        guard.close();
        close(true);
      } else {
        close(false);
        guard.close();
      }
    },
  };
}

function opened(
  connecting: () => Connection,
  url: string,
  prepare: (connection: Connection) => Store,
): Store {
  let connection: Connection | undefined;
  try {
    connection = connecting();
    return prepare(connection);
  } catch (error) {
    connection?.close();
    throw sqliteFailure(error, url);
  }
}

/**
 * better-sqlite3 is compiled to switch to `synchronous = NORMAL` once SQLite sees that a file is in WAL mode, and reports FULL
 * until then: so this is checked after the file was read, and again after the first write.
 */
function checkDurable(connection: Connection, url: string, synchronous: bigint): void {
  if (
    connection.pragma('synchronous', { simple: true }) === synchronous &&
    connection.pragma('journal_mode', { simple: true }) === 'wal'
  ) {
    return;
  }
  throw new WasmcpError('store-unusable', `${url} does not sync to disk as configured`);
}
