import { WasmcpError } from '../../error.ts';
import { type Connection, connect } from './connection.ts';
import { monitorDatabase } from './database-monitor.ts';
import { sqliteFailure } from './errors.ts';
import { lost, rememberFiles, type StoreFiles } from './file-identity.ts';
import { monitorLog } from './log-monitor.ts';
import { movedFailure } from './moved.ts';

/** Checks that the files of an open store are still those that SQLite has opened. */
export interface StoreGuard {
  /**
   * Read-only. While it is open no other connection of this process checkpoints the log when it closes, which is right while
   * the store is intact, and destroys what others wrote once it is broken: see `isWhole`.
   */
  readonly connection: Connection;
  /** File descriptor of the log, for `fdatasync`. */
  readonly log: number;
  readonly files: StoreFiles;
  /** Maps an error that SQLite threw on a read to the failure behind it. */
  explain(error: unknown): WasmcpError;
  /** The part of `check` that prevents harm, to be called before each commit. */
  mayCommit(): WasmcpError | undefined;
  /** `store-broken` if a file was deleted, replaced, truncated or overwritten. Costs some ten microseconds. */
  check(): WasmcpError | undefined;
  /** `store-broken` if the store was moved to another one. Reads the schema, which SQLite caches. */
  moved(): WasmcpError | undefined;
  /**
   * Whether the open files contain all that was committed, even if the name of the log was deleted: then the last connection
   * to close checkpoints it, and nothing is lost.
   */
  isWhole(): boolean;
  close(): void;
}

/** Opens a guard for the database at `path`, a real path, which this process must have open. `busyTimeout` in milliseconds. */
export function openGuard(path: string, url: string, busyTimeout: number): StoreGuard {
  const connection = connect(path, busyTimeout, true);
  try {
    // Opens the log: while this connection is open no other one deletes it on closing.
    connection.pragma('data_version');
    return over(connection, path, url);
  } catch (error) {
    connection.close();
    throw error;
  }
}

function over(connection: Connection, path: string, url: string): StoreGuard {
  const files = rememberFiles(path, url);
  const log = monitorLog(connection, path, url);
  const database = monitorDatabase(connection, path, url);
  const check = (): WasmcpError | undefined =>
    asFailure(url, () => files.quickCheck() ?? log.check() ?? database.check());
  return {
    connection,
    log: log.descriptor,
    files,
    mayCommit: () => files.quickCheck() ?? database.checkThrottled(),
    check,
    moved: () => asFailure(url, () => movedFailure(connection, url)),
    explain(error) {
      const rethrow = (): never => {
        throw error;
      };
      return check() ?? asFailure(url, rethrow)!;
    },
    isWhole: () =>
      files.onlyLogIsGone() && asFailure(url, () => log.check() ?? database.check()) === undefined,
    close() {
      if (!connection.open) return;
      log.close();
      database.close();
      connection.close();
    },
  };
}

/** Returns the result of `check`, or the failure behind the error that it throws. */
function asFailure(url: string, check: () => WasmcpError | undefined): WasmcpError | undefined {
  try {
    return check();
  } catch (error) {
    const meant = sqliteFailure(error, url);
    // It was a database when it was opened; with the pages of another log it no longer is.
    if (meant instanceof WasmcpError && meant.code === 'store-unusable' && error instanceof Error) {
      return lost(url, `it can no longer be read (${error.message})`);
    }
    if (meant instanceof WasmcpError) return meant;
    // The log cannot be read.
    if (error instanceof Error && 'syscall' in error) return lost(url, error.message);
    throw error;
  }
}
