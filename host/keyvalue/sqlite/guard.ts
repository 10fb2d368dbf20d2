import { WasmcpError } from '../../error.ts';
import { type Connection, connect } from './connection.ts';
import { monitorDatabase } from './database-monitor.ts';
import { sqliteFailure } from './errors.ts';
import { lost, rememberFiles, type StoreFiles } from './file-identity.ts';
import { monitorLog } from './log-monitor.ts';

/** Knows whether the files of an open store are still what SQLite takes them for. */
export interface StoreGuard {
  /**
   * Cannot write. As long as it is open no other connection of this process moves the log into the database when it closes,
   * which is right while the store is sound, and destroys what others wrote when it is broken: see `isWhole`.
   */
  readonly connection: Connection;
  /** Of the log, for `fdatasync`. */
  readonly log: number;
  readonly files: StoreFiles;
  /** What it means that SQLite fails with `error` to read from it. */
  explain(error: unknown): WasmcpError;
  /** The part of `check` that prevents harm, for those who are about to commit. */
  mayCommit(): WasmcpError | undefined;
  /** `store-broken` when a file was deleted, replaced, truncated or overwritten. Costs some ten microseconds. */
  check(): WasmcpError | undefined;
  /**
   * Whether all that was committed is in the files that are open, also when the log has lost its name: then the last
   * connection to close puts it into the database, and nothing is lost.
   */
  isWhole(): boolean;
  close(): void;
}

/** A guard of the database at `path`, a real path, that this process has opened. `busyTimeout` in milliseconds. */
export function openGuard(path: string, url: string, busyTimeout: number): StoreGuard {
  const connection = connect(path, busyTimeout, true);
  try {
    // Opens the log: as long as this connection lives nobody's closing deletes it.
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
  const base = monitorDatabase(connection, path, url);
  const check = (): WasmcpError | undefined =>
    asFailure(url, () => files.glance() ?? log.check() ?? base.check());
  return {
    connection,
    log: log.descriptor,
    files,
    mayCommit: () => files.glance() ?? base.checkNowAndThen(),
    check,
    explain(error) {
      const rethrow = (): never => {
        throw error;
      };
      return check() ?? asFailure(url, rethrow)!;
    },
    isWhole: () => files.onlyLogIsGone() && asFailure(url, () => log.check() ?? base.check()) === undefined,
    close() {
      if (!connection.open) return;
      log.close();
      base.close();
      connection.close();
    },
  };
}

/** What `check` returns, or what it means that it throws. */
function asFailure(url: string, check: () => WasmcpError | undefined): WasmcpError | undefined {
  try {
    return check();
  } catch (error) {
    const meant = sqliteFailure(error, url);
    // The pages of another log make no database: that it was opened shows that it was one.
    if (meant instanceof WasmcpError && meant.code === 'store-unusable' && error instanceof Error) {
      return lost(url, `it cannot be read any more (${error.message})`);
    }
    if (meant instanceof WasmcpError) return meant;
    // The log cannot be read.
    if (error instanceof Error && 'syscall' in error) return lost(url, error.message);
    throw error;
  }
}
