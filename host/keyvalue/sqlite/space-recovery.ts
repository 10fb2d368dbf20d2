import { statSync } from 'node:fs';
import type { Connection } from './connection.ts';
import { checkpointPages, type Reserve, spaceReserve } from './space-reserve.ts';

/**
 * Finds space on a full disk for operations that free space.
 *
 * Commits that do not fit into the database stay in the log. A checkpoint would use up what a reserve frees, and fail
 * half-way; so it is only tried if all of the log fits, and SQLite's automatic checkpoints are disabled meanwhile.
 */
export interface SpaceRecovery {
  /**
   * Checkpoints the log so that it restarts from its beginning, using the reserve if it may and that suffices. False if the
   * database has no space for the log, or others still read from it.
   */
  restartLog(mayUseReserve: boolean): boolean;
  /** Releases the reserve for the log. */
  release(): boolean;
  /** Whether the log could be restarted without the reserve, and there is space for new entries. */
  hasRecovered(): boolean;
}

/** Bytes added for the overhead of file systems. */
const MARGIN = 64 * 1024;

/** Bytes for new entries, in the database or on the disk, from which a disk no longer counts as full. */
const ROOM = 256 * 1024;

/** Milliseconds that a check for space waits for others: it blocks its thread, and is repeated. */
const CHECK_PATIENCE = 50;

/** Space recovery for the database at `path`, a real path, which `connection` writes. `patience` in milliseconds. */
export function createSpaceRecovery(connection: Connection, path: string, patience: number): SpaceRecovery {
  const reserve: Reserve = spaceReserve(path);
  const pageSize = Number(connection.pragma('page_size', { simple: true }));
  const usual = checkpointPages(reserve, pageSize);
  connection.pragma(`wal_autocheckpoint = ${usual}`);

  function restartLog(mayUseReserve: boolean, milliseconds = patience): boolean {
    if (mayUseReserve) connection.pragma('wal_autocheckpoint = 0');
    const [needed, free] = [growth(connection, path), reserve.free()];
    if (needed > free + (mayUseReserve ? reserve.size() : 0)) return false;
    if (needed > free) reserve.release();
    if (!restart(connection, milliseconds)) return false;
    connection.pragma(`wal_autocheckpoint = ${usual}`);
    return true;
  }

  return {
    restartLog: (mayUseReserve) => restartLog(mayUseReserve),
    release: reserve.release,
    hasRecovered() {
      if (!restartLog(false, CHECK_PATIENCE)) return false;
      const unused = Number(connection.pragma('freelist_count', { simple: true })) * pageSize;
      return Math.max(unused, reserve.free()) >= ROOM;
    },
  };
}

/** Bytes that must be free to checkpoint all of the log into the database at `path`; 0 if its pages exist there already. */
export function growth(connection: Connection, path: string): number {
  const [pages, size] = ['page_count', 'page_size'].map((name) =>
    Number(connection.pragma(name, { simple: true })),
  ) as [number, number];
  const added = pages * size - statSync(path).size;
  return added > 0 ? added + MARGIN : 0;
}

/** Checkpoints all of the log, so that the next write restarts it; false if that failed. */
function restart(connection: Connection, patience: number): boolean {
  const usual = connection.pragma('busy_timeout', { simple: true });
  try {
    connection.pragma(`busy_timeout = ${patience}`);
    return connection.pragma('wal_checkpoint(RESTART)', { simple: true }) === 0n;
  } catch {
    return false;
  } finally {
    connection.pragma(`busy_timeout = ${usual}`);
  }
}
