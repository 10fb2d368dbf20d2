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
  /** Checkpoints the log so that it restarts from its beginning, using the reserve if that suffices; false if it does not. */
  restartLog(): boolean;
  /** Releases the reserve for the log. */
  release(): boolean;
}

/** Bytes added for the overhead of file systems. */
const MARGIN = 64 * 1024;

/** Space recovery for the database at `path`, a real path, which `connection` writes. `patience` in milliseconds. */
export function createSpaceRecovery(connection: Connection, path: string, patience: number): SpaceRecovery {
  const reserve: Reserve = spaceReserve(path);
  const pageSize = Number(connection.pragma('page_size', { simple: true }));
  const usual = checkpointPages(reserve, pageSize);
  connection.pragma(`wal_autocheckpoint = ${usual}`);

  return {
    restartLog() {
      connection.pragma('wal_autocheckpoint = 0');
      const [needed, free] = [growth(connection, path), reserve.free()];
      if (needed > free + reserve.size()) return false;
      if (needed > free) reserve.release();
      if (!restart(connection, patience)) return false;
      connection.pragma(`wal_autocheckpoint = ${usual}`);
      return true;
    },
    release: reserve.release,
  };
}

/** Bytes that must be free for the database at `path` to take in all of its log. */
export function growth(connection: Connection, path: string): number {
  const [pages, size] = ['page_count', 'page_size'].map((name) =>
    Number(connection.pragma(name, { simple: true })),
  ) as [number, number];
  return Math.max(0, pages * size - statSync(path).size) + MARGIN;
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
