import { statSync } from 'node:fs';
import { WasmcpError } from '../../error.ts';
import type { Connection } from './connection.ts';

/**
 * A migration that gives a store a random name in two places: `identity`, which is written once and checkpointed immediately,
 * and the row of `counter`, which every commit writes. So the log contains the latter only, and the former is the file's.
 */
export const IDENTITY_MIGRATION = `CREATE TABLE identity (store TEXT NOT NULL) STRICT;
  INSERT INTO identity (store) VALUES (lower(hex(randomblob(16))));
  ALTER TABLE counter ADD COLUMN store TEXT;
  UPDATE counter SET store = (SELECT store FROM identity);`;

/** Gives a copy a new name, so that a log of the original beside it is refused as that of another store. */
export function renameStore(connection: Connection): void {
  if (!hasName(connection)) return;
  connection.exec(`UPDATE identity SET store = lower(hex(randomblob(16)));
    UPDATE counter SET store = (SELECT store FROM identity);`);
}

/**
 * Refuses a database with the log of another store beside it. SQLite recovers any log that is intact in itself, and its pages
 * would replace ours (https://sqlite.org/howtocorrupt.html, section 1.4). `connection` has the database at `path` open.
 *
 * @throws WasmcpError `store-unusable`
 */
export function requireOwnLog(connection: Connection, path: string, url: string): void {
  const log = `${path}-wal`;
  if ((statSync(log, { throwIfNoEntry: false })?.size ?? 0) === 0 || belongs(connection)) return;
  throw new WasmcpError(
    'store-unusable',
    `${url} and its log do not belong together: move ${log} away, or restore the file that it belongs to`,
  );
}

function belongs(connection: Connection): boolean {
  try {
    if (!hasName(connection)) return true;
    const same = connection.prepare('SELECT identity.store = counter.store FROM identity, counter').pluck();
    return same.get() === 1n;
  } catch (error) {
    // The mixed pages of two databases are not a database.
    if (error instanceof Error && 'code' in error && error.code === 'SQLITE_CORRUPT') return false;
    throw error;
  }
}

/** Stores of the first schema have no name. */
function hasName(connection: Connection): boolean {
  return connection.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'identity'`).get() !== undefined;
}
