import Database from 'better-sqlite3';

/** One connection to a SQLite database. Not shared between threads. */
export type Connection = Database.Database;

/** A prepared statement; integers are answered as `bigint`. */
export type Statement<Row = unknown> = Database.Statement<unknown[], Row>;

/** Opens `path` (or `:memory:`), to write creating an empty file if there is none. `busyTimeout` in milliseconds. */
export function connect(path: string, busyTimeout: number, readonly = false): Connection {
  const connection = new Database(path, { timeout: busyTimeout, readonly });
  // Ids, versions and cursors are 64-bit: as a double they would round.
  connection.defaultSafeIntegers(true);
  // A database that somebody else prepared must not run code of theirs through its schema.
  connection.pragma('trusted_schema = OFF');
  return connection;
}
