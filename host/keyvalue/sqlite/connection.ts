import { isMainThread } from 'node:worker_threads';
import Database from 'better-sqlite3';

/** One connection to a SQLite database. Not shared between threads. */
export type Connection = Database.Database;

/** A prepared statement; it returns integers as `bigint`. */
export type Statement<Row = unknown> = Database.Statement<unknown[], Row>;

/** Opens `path` or `:memory:`; creates an empty file unless `readonly`. `busyTimeout` in milliseconds. */
export function connect(path: string, busyTimeout: number, readonly = false): Connection {
  if (!isLoaded) load();
  const connection = new Database(path, { timeout: busyTimeout, readonly });
  // Ids, versions and cursors are 64-bit integers, which doubles would round.
  connection.defaultSafeIntegers(true);
  // A prepared database must not run code through its schema (https://sqlite.org/pragma.html#pragma_trusted_schema).
  connection.pragma('trusted_schema = OFF');
  return connection;
}

let isLoaded = false;

/**
 * Lets `ATTACH` accept `file:` URIs, the only way to read a database without its log. better-sqlite3 reads the variable once,
 * when its native part is loaded, and Node exposes only the main thread's environment to native code. All our paths are
 * absolute, so none is taken for a URI.
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
