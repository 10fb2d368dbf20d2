import { stat } from 'node:fs/promises';
import { sqlitePath } from './open.ts';

/** What a store takes on this machine's disk, in bytes. */
export interface StoreSize {
  readonly database: number;
  /** What is committed and not yet in the database. */
  readonly log: number;
}

/** Undefined for a store that has no files here. Costs two looks at the file system. */
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
