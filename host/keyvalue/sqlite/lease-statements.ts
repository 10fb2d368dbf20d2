import type { LeaseName } from '../leases.ts';
import type { Connection, Statement } from './connection.ts';

/** Milliseconds since 1970: the clock of the machine, which all holders share. */
export const NOW = `CAST(unixepoch('subsec') * 1000 AS INTEGER)`;

export interface LeaseRow {
  readonly holder: string;
  readonly token: bigint;
  readonly wanted: string | null;
  readonly isAlive: bigint;
  readonly isWanted: bigint;
}

export interface LeaseStatements {
  readonly begin: Statement;
  readonly commit: Statement;
  readonly rollback: Statement;
  /** id, life */
  readonly live: Statement;
  /** bucket, name */
  readonly find: Statement<LeaseRow>;
  readonly countToken: Statement;
  readonly lastToken: Statement<{ token: bigint }>;
  /** bucket, name, holder, token */
  readonly take: Statement;
  /** wanted, bucket, name */
  readonly want: Statement;
  /** bucket, name */
  readonly free: Statement;
  /** holder */
  readonly wanted: Statement<LeaseName>;
  readonly allOf: Statement<LeaseName>;
  readonly forget: Statement;
  readonly dead: Statement;
  readonly removeLeases: Statement;
  readonly removeHolders: Statement;
}

export function prepareLeaseStatements(connection: Connection): LeaseStatements {
  const prepare = <Row>(text: string): Statement<Row> => connection.prepare<unknown[], Row>(text);
  const dead = `SELECT id FROM holder WHERE expires < ${NOW} - ?`;
  return {
    begin: prepare('BEGIN IMMEDIATE'),
    commit: prepare('COMMIT'),
    rollback: prepare('ROLLBACK'),
    live: prepare(`INSERT INTO holder (id, expires) VALUES (?, ${NOW} + ?)
      ON CONFLICT (id) DO UPDATE SET expires = excluded.expires`),
    find: prepare(`SELECT lease.holder, lease.token, lease.wanted,
        EXISTS (SELECT 1 FROM holder WHERE id = lease.holder AND expires > ${NOW}) AS isAlive,
        EXISTS (SELECT 1 FROM holder WHERE id = lease.wanted AND expires > ${NOW}) AS isWanted
      FROM lease WHERE bucket = ? AND name = ?`),
    // Shared with the versions of keys: it only grows.
    countToken: prepare('UPDATE counter SET version = version + 1'),
    lastToken: prepare('SELECT version AS token FROM counter'),
    take: prepare(`INSERT INTO lease (bucket, name, holder, token) VALUES (?, ?, ?, ?)
      ON CONFLICT (bucket, name) DO UPDATE SET holder = excluded.holder, token = excluded.token, wanted = NULL`),
    want: prepare('UPDATE lease SET wanted = ? WHERE bucket = ? AND name = ?'),
    free: prepare('DELETE FROM lease WHERE bucket = ? AND name = ?'),
    wanted: prepare('SELECT bucket, name FROM lease WHERE holder = ? AND wanted IS NOT NULL'),
    allOf: prepare('SELECT bucket, name FROM lease WHERE holder = ? OR wanted = ?'),
    forget: prepare('DELETE FROM holder WHERE id = ?'),
    dead: prepare(`${dead} LIMIT 1`),
    removeLeases: prepare(`DELETE FROM lease WHERE holder IN (${dead})`),
    removeHolders: prepare(`DELETE FROM holder WHERE id IN (${dead})`),
  };
}
