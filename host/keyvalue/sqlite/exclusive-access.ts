import { existsSync, statSync } from 'node:fs';
import { WasmcpError } from '../../error.ts';
import { type Connection, connect } from './connection.ts';
import { indexUsers } from './index-users.ts';

/** Milliseconds to wait for processes that are closing the database, and for other programs that open it at the same moment. */
const PATIENCE = 1000;

/** Milliseconds between two attempts. */
const PAUSE = 20;

/** Attempts in a row that see the same process use the `-shm`. One that only inspects a database uses it for less long. */
const CONFIRMATIONS = 5;

/**
 * Whether the database at `path`, a real path, has no `-shm` file, through which its connections share locks and the index of
 * the log (https://sqlite.org/walformat.html). The first connection creates it and the last one
 * deletes it: if it is missing, then no process uses the database, or the file was deleted under a process that does, or that
 * process knows the database by another name.
 */
export function lacksIndex(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0 && !existsSync(`${path}-shm`);
}

/**
 * Refuses a database without `-shm` that another process uses: a new `-shm` would share no lock with it, and each would
 * overwrite what the other acknowledges. Every connection to a database in WAL mode holds a shared lock on the database file
 * while it has it open, so only a sole user gets an exclusive lock. Our own openers take turns (`opening-lock.ts`). Another program
 * that has opened it at the same moment uses the `-shm` that it has created.
 *
 * @throws WasmcpError `store-unusable`
 */
export function requireExclusiveAccess(path: string, url: string): void {
  const deadline = performance.now() + PATIENCE;
  const pause = new Int32Array(new SharedArrayBuffer(4));
  let users: readonly string[] = [];
  let seen = 0;
  while (!canLockExclusively(path)) {
    const present = indexUsers(path);
    users = seen === 0 ? [...present] : users.filter((user) => present.has(user));
    seen = users.length === 0 ? 0 : seen + 1;
    if (seen === CONFIRMATIONS) return;
    if (performance.now() > deadline) {
      throw new WasmcpError(
        'store-unusable',
        `${url} is in use, but not with ${path}-shm: that was deleted, or the file has a second name (a hard link, a mount of the file alone); stop every process that uses it, or use the same name as they do; if another program has just opened it, start again`,
      );
    }
    Atomics.wait(pause, 0, 0, PAUSE);
  }
}

function canLockExclusively(path: string): boolean {
  let connection: Connection | undefined;
  try {
    connection = connect(path, 0);
    connection.pragma('locking_mode = EXCLUSIVE');
    connection.prepare('SELECT 1 FROM sqlite_schema').get();
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY') return false;
    throw error;
  } finally {
    connection?.close();
  }
}
