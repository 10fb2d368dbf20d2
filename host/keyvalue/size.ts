import { stat } from 'node:fs/promises';
import { sqlitePath } from './open.ts';

/** The size of a store's files, in bytes. */
export interface StoreSize {
  readonly database: number;
  /** The write-ahead log: what is committed and not yet checkpointed into the database. */
  readonly log: number;
}

/** Returns the size of a store; undefined if it has no files on this machine. Costs two `stat` calls. */
export async function sizeOfStore(url: string): Promise<StoreSize | undefined> {
  const path = sqlitePath(url);
  if (path === undefined) return undefined;
  const [database, log] = await Promise.all([sizeOf(path), sizeOf(`${path}-wal`)]);
  return { database, log };
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
}
