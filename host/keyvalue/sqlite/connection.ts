import { isMainThread } from 'node:worker_threads';
import Database from 'better-sqlite3';

/** One connection to a SQLite database. Not shared between threads. */
export type Connection = Database.Database;

/** A prepared statement; integers are answered as `bigint`. */
export type Statement<Row = unknown> = Database.Statement<unknown[], Row>;

/** Opens `path` (or `:memory:`), to write creating an empty file if there is none. `busyTimeout` in milliseconds. */
export function connect(path: string, busyTimeout: number, readonly = false): Connection {
  if (!isLoaded) load();
  const connection = new Database(path, { timeout: busyTimeout, readonly });
  // Ids, versions and cursors are 64-bit: as a double they would round.
  connection.defaultSafeIntegers(true);
  // A database that somebody else prepared must not run code of theirs through its schema.
  connection.pragma('trusted_schema = OFF');
  return connection;
}

let isLoaded = false;

/**
 * Lets `ATTACH` take `file:` URIs, by which alone a database can be read without its log. better-sqlite3 looks once, when its
 * native part is loaded, and `node` puts the environment of the main thread only where native code sees it. Every path
 * of ours is absolute, so that none is taken for a URI.
 */
function load(): void {
  isLoaded = true;
  if (!isMainThread || process.env.SQLITE_USE_URI !== undefined) return;
  process.env.SQLITE_USE_URI = '1';
  try {
    new Database(':memory:').close();
  } finally {
    delete process.env.SQLITE_USE_URI;
  }
}
