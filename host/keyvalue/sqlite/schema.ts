import { WasmcpError } from '../../error.ts';
import type { Connection } from './connection.ts';
import { IDENTITY_MIGRATION } from './wal-ownership.ts';

/** Marks a SQLite file as ours in its header (https://sqlite.org/pragma.html#pragma_application_id): "wmcp". */
export const APPLICATION_ID = 0x776d6370n;

/** Migration `n` takes a database from schema `n` to `n + 1`; `user_version` counts those done. Never edit one. */
export const MIGRATIONS: readonly string[] = [
  // `value` is the last column, as columns after a large blob are only reached by reading through it. `kv_order`
  // contains the id implicitly, so a page of a small bucket does not scan large ones. `deletion` holds the version
  // of each bucket's last deletion, which is the version of its absent keys.
  `CREATE TABLE kv (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     bucket TEXT NOT NULL,
     key BLOB NOT NULL,
     version INTEGER NOT NULL,
     created INTEGER NOT NULL,
     updated INTEGER NOT NULL,
     value BLOB NOT NULL,
     UNIQUE (bucket, key)
   ) STRICT;
   CREATE INDEX kv_order ON kv (bucket);
   CREATE TABLE counter (version INTEGER NOT NULL) STRICT;
   INSERT INTO counter (version) VALUES (0);
   CREATE TABLE deletion (bucket TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT, WITHOUT ROWID;`,
  IDENTITY_MIGRATION,
  // `expires` in milliseconds since 1970. `lease_wanted` has the few leases that another holder waits for.
  `CREATE TABLE holder (id TEXT PRIMARY KEY, expires INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE lease (
     bucket TEXT NOT NULL,
     name TEXT NOT NULL,
     holder TEXT NOT NULL,
     token INTEGER NOT NULL,
     wanted TEXT,
     PRIMARY KEY (bucket, name)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX lease_wanted ON lease (holder) WHERE wanted IS NOT NULL;`,
  // The log of changes, written only while there are followers. `seen` is the last change that a follower has read.
  `CREATE TABLE follower (id TEXT PRIMARY KEY, expires INTEGER NOT NULL, seen INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE change (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     bucket TEXT NOT NULL,
     key BLOB NOT NULL,
     value BLOB
   ) STRICT;`,
];

/**
 * Returns the number of migrations that the database has. Only reads, in one transaction: another process may be creating
 * the database.
 *
 * @throws WasmcpError `store-unusable` for a database of another program, `store-newer-schema` for one of a later version
 */
export function schemaVersion(connection: Connection, url: string, migrations: readonly string[]): number {
  const { application, version, empty } = header(connection);
  if (application !== APPLICATION_ID && !(application === 0n && version === 0 && empty)) {
    throw new WasmcpError('store-unusable', `${url} is a database of another program: choose another path`);
  }
  if (version > migrations.length) {
    throw new WasmcpError(
      'store-newer-schema',
      `${url} was written by a newer version (schema ${version}, this one knows ${migrations.length}): upgrade, or choose another path`,
    );
  }
  return version;
}

function header(connection: Connection): { application: unknown; version: number; empty: boolean } {
  return connection.transaction(() => ({
    application: connection.pragma('application_id', { simple: true }),
    version: Number(connection.pragma('user_version', { simple: true })),
    empty: connection.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined,
  }))();
}

/**
 * Migrates to the newest schema, each step in one transaction and once, even if several processes open the database at the
 * same time. Returns whether it changed anything.
 */
export function migrate(connection: Connection, url: string, migrations: readonly string[]): boolean {
  const step = connection.transaction(() => {
    const version = schemaVersion(connection, url, migrations);
    const migration = migrations[version];
    if (migration === undefined) return;
    connection.exec(migration);
    connection.pragma(`application_id = ${APPLICATION_ID}`);
    connection.pragma(`user_version = ${version + 1}`);
  });
  let migrated = false;
  while (schemaVersion(connection, url, migrations) < migrations.length) {
    step.immediate();
    migrated = true;
  }
  return migrated;
}
