import { existsSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { WasmcpError } from '../../error.ts';
import type { Durability } from '../durability.ts';
import type { Store } from '../store.ts';
import { type Connection, connect } from './connection.ts';
import { monitorDatabase } from './database-monitor.ts';
import { sqliteFailure } from './errors.ts';
import { lacksIndex, requireAlone } from './exclusive-access.ts';
import { rememberFiles } from './file-identity.ts';
import { openGuard } from './guard.ts';
import { prepareFile, syncFolder } from './prepare-file.ts';
import { MIGRATIONS, migrate, schemaVersion } from './schema.ts';
import { createSpaceRecovery } from './space-recovery.ts';
import { spaceReserve } from './space-reserve.ts';
import { sqliteStore } from './store.ts';
import type { StoreEvents } from './transactions.ts';
import { requireFixedSqlite } from './version.ts';
import { requireOwnLog } from './wal-ownership.ts';

/** How a SQLite store is opened. */
export interface SqliteOptions {
  /** Milliseconds that a call waits for other writers before it fails with `store-busy`; 5,000 by default. */
  readonly busyTimeout?: number;
  /** Accept a file on a network file system, where SQLite's locks may not hold (https://sqlite.org/useovernet.html). */
  readonly allowNetworkFileSystem?: boolean;
  /** Whether a file that is not there is made; by default it is. */
  readonly create?: boolean;
  /** `strict` by default. With `power` the opener has to hold answers back behind `openGate`: alone it is `process`. */
  readonly durability?: Durability;
  /** Called once, when a sync has failed: every call fails with `store-broken` then, and the process should end. */
  readonly broken?: (failure: WasmcpError) => void;
  /** Called when the disk is full, and when it takes new entries again. */
  readonly full?: (isFull: boolean) => void;
  /** With `power`, asked when the store is closed: whether the log may still be moved into the database; by default it may. */
  readonly isWhole?: () => boolean;
}

/**
 * `PRAGMA synchronous` (https://sqlite.org/pragma.html#pragma_synchronous): with FULL every commit waits for the disk,
 * with NORMAL only checkpoints do.
 */
const SYNCHRONOUS: Readonly<Record<Durability, bigint>> = { strict: 2n, power: 1n, process: 1n };

/** Bytes that the log is cut back to when it starts anew after a burst. */
const LOG_SIZE_LIMIT = 16 * 1024 * 1024;

/**
 * Opens the store in the SQLite file at `path`, creating folders (0700) and file (0600) as needed. Any number of
 * threads and processes may open one file; what an answered call survives is `durability`. A new file, with its place
 * in its folder, is on disk when this returns, whatever `durability` says.
 *
 * @throws WasmcpError `store-unusable`, `store-newer-schema`, `store-busy`, `store-full`, `option-invalid`
 */
export function openSqlite(path: string, options: SqliteOptions = {}): Store {
  const busyTimeout = options.busyTimeout ?? 5000;
  if (!Number.isInteger(busyTimeout) || busyTimeout < 0 || busyTimeout > 0x7fffffff) {
    throw new WasmcpError('option-invalid', `busyTimeout is ${busyTimeout}, not a number of milliseconds`);
  }
  // Made absolute so that SQLite never reads it as a `file:` URI. better-sqlite3 trims what it opens.
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
    // Even to open it takes room, for the `-shm`.
    const isFull = error instanceof WasmcpError && error.code === 'store-full' && existsSync(file);
    if (!isFull || !spaceReserve(realpathSync(file)).release()) throw error;
    return openFile(file, url, busyTimeout, options);
  }
}

function openFile(file: string, url: string, busyTimeout: number, options: SqliteOptions): Store {
  const exists = prepareFile(file, url, options.allowNetworkFileSystem ?? false);
  const isUnindexed = exists && lacksIndex(realpathSync(file));
  if (exists) inspect(file, url, busyTimeout);
  if (isUnindexed) alone(file, url);
  return opened(file, url, busyTimeout, (connection) => {
    useWriteAheadLog(connection, busyTimeout);
    connection.pragma('synchronous = FULL');
    // No-ops but on macOS, where a plain fsync leaves data in the disk's own memory.
    connection.pragma('fullfsync = ON');
    connection.pragma('checkpoint_fullfsync = ON');
    connection.pragma(`journal_size_limit = ${LOG_SIZE_LIMIT}`);
    if (migrate(connection, url, MIGRATIONS)) {
      syncFolder(realpathSync(file), url);
      // Into the file with its name: `requireOwnLog` looks for it there.
      connection.pragma('wal_checkpoint(TRUNCATE)');
    }
    const synchronous = SYNCHRONOUS[options.durability ?? 'strict'];
    connection.pragma(`synchronous = ${synchronous}`);
    const check = (): void => checkDurable(connection, url, synchronous);
    check();
    const path = realpathSync(file);
    return sqliteStore(connection, url, busyTimeout, {
      ...protection(connection, path, url, busyTimeout, options),
      afterFirstWrite: check,
      broken: options.broken ?? (() => {}),
      full: options.full ?? (() => {}),
      spaceRecovery: createSpaceRecovery(connection, path, busyTimeout),
    });
  });
}

/** Opens an empty store that lives in this thread's memory until it is closed. */
export function openMemory(): Store {
  const url = 'memory:';
  return opened(':memory:', url, 0, (connection) => {
    migrate(connection, url, MIGRATIONS);
    return sqliteStore(connection, url, 0, {
      afterFirstWrite: () => {},
      mayCommit: () => undefined,
      mayAcknowledge: () => undefined,
      closing: (close) => close(true),
      broken: () => {},
      full: () => {},
      spaceRecovery: undefined,
    });
  });
}

/** What keeps commits out of files that are not the store's any more. With `power` the gate looks before answers leave. */
function protection(
  connection: Connection,
  path: string,
  url: string,
  busyTimeout: number,
  { durability, isWhole = () => true }: SqliteOptions,
): Pick<StoreEvents, 'mayCommit' | 'mayAcknowledge' | 'closing'> {
  if (durability === 'power') {
    const [files, base] = [rememberFiles(path, url), monitorDatabase(connection, path, url)];
    return {
      // The base too, as a commit can lead to a checkpoint, which would hide that it was overwritten.
      mayCommit: () => files.glance() ?? base.checkNowAndThen(),
      mayAcknowledge: () => undefined,
      closing(close) {
        base.close();
        close(files.check() === undefined && isWhole());
      },
    };
  }
  const guard = openGuard(path, url, busyTimeout);
  return {
    mayCommit: guard.mayCommit,
    mayAcknowledge: guard.check,
    closing(close) {
      // The last one to close moves the log into the database.
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

function alone(path: string, url: string): void {
  try {
    requireAlone(realpathSync(path), url);
  } catch (error) {
    throw sqliteFailure(error, url);
  }
}

/**
 * Refuses a file that is not ours before anything may write to it. A connection that can write would, on closing,
 * move a log left by a crash into the database; one that cannot leaves its own empty log behind.
 */
function inspect(path: string, url: string, busyTimeout: number): void {
  let connection: Connection | undefined;
  try {
    const readonly = existsSync(`${realpathSync(path)}-wal`);
    connection = connect(path, busyTimeout, readonly);
    requireOwnLog(connection, realpathSync(path), url);
    schemaVersion(connection, url, MIGRATIONS);
  } catch (error) {
    throw sqliteFailure(error, url);
  } finally {
    connection?.close();
  }
}

function opened(
  path: string,
  url: string,
  busyTimeout: number,
  prepare: (connection: Connection) => Store,
): Store {
  let connection: Connection | undefined;
  try {
    connection = connect(path, busyTimeout);
    return prepare(connection);
  } catch (error) {
    connection?.close();
    throw sqliteFailure(error, url);
  }
}

/** Switching a new file to WAL needs it alone for a moment, and SQLite does not wait for that by itself. */
function useWriteAheadLog(connection: Connection, busyTimeout: number): void {
  const deadline = performance.now() + busyTimeout;
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    try {
      connection.pragma('journal_mode = WAL');
      return;
    } catch (error) {
      const busy = error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY';
      if (!busy || performance.now() > deadline) throw error;
      Atomics.wait(pause, 0, 0, 5);
    }
  }
}

/**
 * better-sqlite3 is compiled to drop to `synchronous = NORMAL` once SQLite sees that a file is in WAL mode, and
 * reports FULL until then: so this is asked after the file was read, and again after the first write.
 */
function checkDurable(connection: Connection, url: string, synchronous: bigint): void {
  if (
    connection.pragma('synchronous', { simple: true }) === synchronous &&
    connection.pragma('journal_mode', { simple: true }) === 'wal'
  ) {
    return;
  }
  throw new WasmcpError('store-unusable', `${url} does not sync to disk as it was told to`);
}
