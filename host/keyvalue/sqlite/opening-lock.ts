import { closeSync, existsSync, openSync } from 'node:fs';
import { type Connection, connect } from './connection.ts';

/** Milliseconds to wait for other processes that open the database. */
const PATIENCE = 5000;

/**
 * Calls `work` while no other process does so for the database at `path`, a real path. Processes that are started at the same
 * moment find out in turn whether the `-shm` is missing: the first one creates it, and the others see that. They cannot learn it
 * from the system, which does not list the locks of other PID namespaces, such as those of another container.
 *
 * The lock is on an empty file of its own, which stays: who deleted it could take it from under another process. Without the lock,
 * because it takes too long, `work` is called all the same.
 */
export function withOpeningLock<T>(path: string, work: () => T): T {
  const lock = `${path}-opening`;
  // Not if it exists: closing it would drop the lock that another thread may have.
  if (!existsSync(lock)) closeSync(openSync(lock, 'a', 0o600));
  let connection: Connection | undefined;
  try {
    connection = connect(lock, PATIENCE);
    try {
      connection.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY')) throw error;
    }
    return work();
  } finally {
    connection?.close();
  }
}
