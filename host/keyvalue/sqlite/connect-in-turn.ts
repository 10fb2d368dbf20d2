import { existsSync, realpathSync, rmSync } from 'node:fs';
import { type Connection, connect } from './connection.ts';
import { lacksIndex, requireExclusiveAccess } from './exclusive-access.ts';
import { movedFailure } from './moved.ts';
import { withOpeningLock } from './opening-lock.ts';
import { MIGRATIONS, schemaVersion } from './schema.ts';
import { requireOwnLog } from './wal-ownership.ts';

/**
 * Inspects the database at `path`, if it `exists`, and connects to it in WAL mode. One opener at a time, from the look for the
 * `-shm` until the connection holds its locks: another one could see a `-shm` that is about to be refused or deleted, or be
 * taken for a process that uses the database without it.
 *
 * @throws WasmcpError, or an error of SQLite
 */
export function connectInTurn(path: string, url: string, busyTimeout: number, exists: boolean): Connection {
  const file = exists ? realpathSync(path) : path;
  return withOpeningLock(file, busyTimeout, (isLocked) => {
    const isUnindexed = exists && lacksIndex(file);
    if (exists) inspect(file, url, busyTimeout);
    if (isUnindexed) requireSoleUse(file, url, isLocked);
    return prepared(connect(file, busyTimeout), (connection) => {
      useWriteAheadLog(connection, busyTimeout);
      holdLocks(connection);
    });
  });
}

function requireSoleUse(file: string, url: string, isLocked: boolean): void {
  try {
    requireExclusiveAccess(file, url);
  } catch (error) {
    // `inspect` has left it behind, and the next opener would share it. Without the lock another opener may use it.
    if (isLocked) rmSync(`${file}-shm`, { force: true });
    throw error;
  }
}

/**
 * Refuses a file that is not ours before anything can write to it. A writable connection would checkpoint a log left by a
 * crash when it closes; a read-only one without a log would leave an empty log behind.
 */
function inspect(file: string, url: string, busyTimeout: number): void {
  const connection = connect(file, busyTimeout, existsSync(`${file}-wal`));
  try {
    requireOwnLog(connection, file, url);
    schemaVersion(connection, url, MIGRATIONS);
    const moved = movedFailure(connection, url);
    if (moved !== undefined) throw moved;
  } finally {
    connection.close();
  }
}

/**
 * Connects to the existing database at `file`, a real path, to read it, and takes its turn as other openers do.
 *
 * @throws an error of SQLite
 */
export function connectReaderInTurn(file: string, busyTimeout: number): Connection {
  return withOpeningLock(file, busyTimeout, () => {
    // Read-only if there is a log, which a writable connection would checkpoint on closing; without one a read-only
    // connection would leave an empty log behind.
    return prepared(connect(file, busyTimeout, existsSync(`${file}-wal`)), holdLocks);
  });
}

function prepared(connection: Connection, prepare: (connection: Connection) => void): Connection {
  try {
    prepare(connection);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** By its first read a connection takes the locks on the database and the `-shm` that it keeps. Does not load the schema. */
function holdLocks(connection: Connection): void {
  connection.pragma('data_version');
}

/** Switching a new file to WAL needs an exclusive lock for a moment, for which SQLite does not wait by itself. */
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
