import { statSync } from 'node:fs';
import type { Connection } from './connection.ts';
import { checkpointPages, type Reserve, spaceReserve } from './space-reserve.ts';

/**
 * Finds room on a full disk for what gives room back.
 *
 * What is committed and found no room in the database stays in the log. A checkpoint would take whatever a reserve frees, and
 * fail half-way; so it is tried only when all of it fits, and SQLite tries none by itself meanwhile.
 */
export interface SpaceRecovery {
  /** Lets the log be written from its beginning again, with the help of the reserve where that is enough. */
  restartLog(): boolean;
  /** Gives the reserve to the log. */
  release(): boolean;
}

/** For file systems that take some for themselves. */
const MARGIN = 64 * 1024;

/** SpaceRecovery for the database at `path`, a real path, which `connection` writes. `patience` in milliseconds. */
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

/** Bytes that have to be free so that the database at `path` can take in all of its log. */
export function growth(connection: Connection, path: string): number {
  const [pages, size] = ['page_count', 'page_size'].map((name) =>
    Number(connection.pragma(name, { simple: true })),
  ) as [number, number];
  return Math.max(0, pages * size - statSync(path).size) + MARGIN;
}

/** Moves all of the log into the database, and lets it begin anew; false when that failed. */
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
