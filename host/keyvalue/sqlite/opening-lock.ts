import { type BigIntStats, chmodSync, chownSync, rmSync, statSync } from 'node:fs';
import { type Connection, connect } from './connection.ts';

/** Milliseconds between two attempts. */
const PAUSE = 1;

/**
 * Calls `work` while no other thread or process does so for the database at `path`. Openers look for a missing `-shm` in turn:
 * the first creates it, and the others find it. Without turns each would be in the way of the other's exclusive lock, and
 * locks of other PID namespaces, such as those of another container, are not listed by the system.
 *
 * The lock is SQLite's, on an empty file that exists only meanwhile, so the system releases it when a process is killed. If it
 * is not available in `patience` milliseconds, or the file cannot be created, `work` is called without it.
 */
export function withOpeningLock<T>(path: string, patience: number, work: (isLocked: boolean) => T): T {
  const file = `${path}-opening`;
  const lock = acquire(file, path, patience);
  if (lock === undefined) return work(false);
  try {
    return work(true);
  } finally {
    // Before it is unlocked, as the next holder relies on the name.
    remove(file);
    lock.close();
  }
}

function acquire(file: string, path: string, patience: number): Connection | undefined {
  const deadline = performance.now() + patience;
  let connection: Connection | undefined;
  try {
    do {
      const known = identify(file) ?? create(file, path);
      if (known === undefined) continue;
      // Not ours: it would be removed in the end.
      if (known.size > 0n) return undefined;
      connection = connect(file, 0);
      // Nothing is ever written; a journal in memory leaves no file behind either.
      connection.pragma('journal_mode = MEMORY');
      if (waitForTurn(connection, file, known, deadline)) return connection;
      connection.close();
    } while (performance.now() < deadline);
  } catch {
    // The folder is read-only, the disk is full, or the name belongs to something else.
    connection?.close();
  }
  return undefined;
}

/**
 * Creates the file by SQLite's means, as closing a descriptor of ours could drop the lock of another thread. It gets the mode and
 * owner of the database, as SQLite gives them to the other files beside it.
 */
function create(file: string, path: string): BigIntStats | undefined {
  connect(file, 0).close();
  try {
    const { mode, uid, gid } = statSync(path);
    chmodSync(file, mode & 0o666);
    if (process.getuid?.() === 0) chownSync(file, uid, gid);
  } catch {
    // Removed by another opener, or created by another user.
  }
  return identify(file);
}

/** False if the previous holder has removed the file, so that the lock excludes nobody, and at the deadline. */
function waitForTurn(connection: Connection, file: string, known: BigIntStats, deadline: number): boolean {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    const isLocked = begin(connection);
    if (!isSame(known, identify(file))) return false;
    if (isLocked || performance.now() >= deadline) return isLocked;
    Atomics.wait(pause, 0, 0, PAUSE);
  }
}

function begin(connection: Connection): boolean {
  try {
    connection.exec('BEGIN IMMEDIATE');
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY') return false;
    throw error;
  }
}

function remove(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // Windows does not remove open files: then it stays.
  }
}

function identify(file: string): BigIntStats | undefined {
  return statSync(file, { bigint: true, throwIfNoEntry: false });
}

/** Compares the time too: file systems use the number of a removed file again. */
function isSame(one: BigIntStats, other: BigIntStats | undefined): boolean {
  return one.ino === other?.ino && one.dev === other.dev && one.ctimeNs === other.ctimeNs;
}
