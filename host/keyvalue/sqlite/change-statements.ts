import type { Connection, Statement } from './connection.ts';
import { NOW } from './lease-statements.ts';

/** Statements on the log of changes, prepared only where somebody follows it. */
export interface ChangeStatements {
  /** Whether a follower is alive. */
  readonly isFollowed: Statement;
  readonly removeDead: Statement;
  readonly isRemembered: Statement;
  /** bucket, key, value */
  readonly record: Statement;
  readonly lastId: Statement<{ id: bigint }>;
  /** id, life, id of a change */
  readonly add: Statement;
  /** life, id of a change, id */
  readonly renew: Statement;
  readonly remove: Statement;
  readonly removeAll: Statement;
  /** Followers that have been dead for as long as they lived. */
  readonly removeLongDead: Statement;
  /** What every follower has read. */
  readonly trim: Statement;
  /** id of a change, limit */
  readonly sizes: Statement<{ id: bigint; size: bigint }>;
  /** id of a change, last id */
  readonly read: Statement<{ bucket: string; key: Buffer; value: Uint8Array | null }>;
  /** id of a change */
  readonly backlog: Statement<{ count: bigint; size: bigint }>;
}

export function prepareChangeStatements(connection: Connection): ChangeStatements {
  const prepare = <Row>(sql: string): Statement<Row> => connection.prepare<unknown[], Row>(sql);
  return {
    isFollowed: prepare(`SELECT 1 FROM follower WHERE expires > ${NOW} LIMIT 1`),
    removeDead: prepare(`DELETE FROM follower WHERE expires <= ${NOW}`),
    isRemembered: prepare('SELECT 1 FROM follower LIMIT 1'),
    record: prepare('INSERT INTO change (bucket, key, value) VALUES (?, ?, ?)'),
    // Also of changes that were removed.
    lastId: prepare(`SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'change'), 0) AS id`),
    add: prepare(`INSERT INTO follower (id, expires, seen) VALUES (?, ${NOW} + ?, ?)`),
    renew: prepare(`UPDATE follower SET expires = ${NOW} + ?, seen = ? WHERE id = ?`),
    remove: prepare('DELETE FROM follower WHERE id = ?'),
    removeAll: prepare('DELETE FROM change'),
    removeLongDead: prepare(`DELETE FROM follower WHERE expires <= ${NOW} - ?`),
    trim: prepare('DELETE FROM change WHERE id <= (SELECT min(seen) FROM follower)'),
    sizes: prepare(
      'SELECT id, coalesce(length(value), 0) AS size FROM change WHERE id > ? ORDER BY id LIMIT ?',
    ),
    read: prepare('SELECT bucket, key, value FROM change WHERE id > ? AND id <= ? ORDER BY id'),
    backlog: prepare(
      'SELECT count(*) AS count, coalesce(sum(length(value)), 0) AS size FROM change WHERE id > ?',
    ),
  };
}
