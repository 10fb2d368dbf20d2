import { existsSync, statSync } from 'node:fs';
import { WasmcpError } from '../../error.ts';
import { type Connection, connect } from './connection.ts';

/** Milliseconds to wait for others who look at the same moment, and who make the index when they have looked. */
const PATIENCE = 1000;

/**
 * Whether the database at `path`, a real path, has no `-shm`, by which its users share locks and the index of the log. It is
 * made by the first of them and goes away with the last: either nobody uses the database, or the file was deleted while
 * somebody does, or they know the database by another name.
 */
export function lacksIndex(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0 && !existsSync(`${path}-shm`);
}

/**
 * Refuses a database without `-shm` that somebody uses: a new `-shm` would share no lock with theirs, and each would overwrite
 * what the other acknowledges. Every user of a database in WAL mode holds a shared lock on the database file itself as long
 * as it has it open, so that an exclusive one is to be had by those who are alone.
 *
 * @throws WasmcpError `store-unusable`
 */
export function requireAlone(path: string, url: string): void {
  const deadline = performance.now() + PATIENCE;
  const pause = new Int32Array(new SharedArrayBuffer(4));
  while (!isAlone(path)) {
    if (performance.now() > deadline) {
      throw new WasmcpError(
        'store-unusable',
        `${url} is in use, but not with ${path}-shm: that was deleted, or the file has a second name (a hard link, a mount of the file alone); stop every process that uses it, or give the name that they use`,
      );
    }
    Atomics.wait(pause, 0, 0, 20);
  }
}

function isAlone(path: string): boolean {
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
