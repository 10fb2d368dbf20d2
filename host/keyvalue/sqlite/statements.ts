import { SMALL_VALUE } from '../store.ts';
import type { Connection, Statement } from './connection.ts';

/** The statements of a store, prepared once per connection. Keys are UTF-8 blobs, which compare byte by byte. */
export interface Statements {
  readonly begin: Statement;
  readonly beginImmediate: Statement;
  readonly commit: Statement;
  readonly rollback: Statement;
  /** bucket, key */
  readonly get: Statement<{ value: Uint8Array }>;
  /** bucket, key */
  readonly exists: Statement;
  /** bucket, key; returns one row for absent keys too */
  readonly read: Statement<{ value: Uint8Array | null; updated: bigint | null; version: bigint }>;
  /** bucket, key; like `read`, without fetching the value */
  readonly version: Statement<{ version: bigint }>;
  /** bucket, cursor, limit */
  readonly list: Statement<{ id: bigint; key: Buffer }>;
  /** bucket, first key, limit */
  readonly range: Statement<{ key: Buffer }>;
  /** bucket, first key, limit */
  readonly entries: Statement<{ key: Buffer; size: bigint; updated: bigint }>;
  /** first id after, last id, bucket, earliest and latest time */
  readonly newest: Statement<{ key: Buffer; size: bigint; updated: bigint }>;
  /** first id after, last id, bucket, length of the ending, ending, value, value */
  readonly withEnding: Statement<{ key: Buffer }>;
  /** first id after, last id, bucket, length of the ending, ending */
  readonly valuesWithEnding: Statement<readonly [key: string, value: Uint8Array | null]>;
  /** length of a prefix, first id after, last id, bucket, first key, key that is too late */
  readonly sizesByPrefix: Statement<Buffer | null>;
  /** The same. */
  readonly timesByPrefix: Statement<Buffer | null>;
  /** bytes before the JSON, first id after, last id, bucket, length of the ending, ending, path, smallest, largest, limit */
  readonly numbersWithEnding: Readonly<Record<'asc' | 'desc', Statement<readonly [string, bigint | number]>>>;
  /** first id after, last id, bucket, length of an ending, ending, ending, text, length of an ending, ending, text */
  readonly withText: Statement<string>;
  readonly lastId: Statement<{ id: bigint | null }>;
  readonly buckets: Statement<{ bucket: string }>;
  readonly countVersion: Statement;
  /** Also whether the store may have followers. */
  readonly lastVersion: Statement<{ version: bigint; isFollowed: bigint }>;
  /** bucket, key, version, created, updated, value */
  readonly put: Statement;
  /** bucket, key */
  readonly delete: Statement;
  /** bucket, version */
  readonly recordDeletion: Statement;
  /** bucket, name of a lease */
  readonly token: Statement<{ token: bigint }>;
}

/** The version of a key (bucket, key): its own, otherwise that of the last deletion in its bucket, otherwise zero. */
const VERSION = `coalesce(kv.version, deletion.version, 0) AS version
  FROM (SELECT ? AS bucket, ? AS key) AS wanted
  LEFT JOIN kv ON kv.bucket = wanted.bucket AND kv.key = wanted.key
  LEFT JOIN deletion ON deletion.bucket = wanted.bucket`;

/** Sorted in SQL, so that few rows reach JavaScript. What is no JSON would be an error. */
const NUMBERS = (order: 'ASC' | 'DESC'): string => `
  WITH document (key, json) AS (
    SELECT key, CAST(substr(value, ? + 1) AS TEXT) FROM kv NOT INDEXED
    WHERE id > ? AND id <= ? AND bucket = ? AND substr(key, -?) = ?),
  numbered (key, number) AS (SELECT key, CASE WHEN json_valid(json) THEN json_extract(json, ?) END FROM document)
  SELECT CAST(key AS TEXT), number FROM numbered
  WHERE typeof(number) IN ('integer', 'real') AND number BETWEEN ? AND ? ORDER BY number ${order} LIMIT ?`;

// One row for all of them: rows cost more than what is in them.
const LINES = (number: 'length(value)' | 'updated'): string => `
  SELECT CAST(group_concat(CAST(substr(key, 1, ?) AS TEXT) || ${number}, char(10)) AS BLOB) FROM kv NOT INDEXED
  WHERE id > ? AND id <= ? AND bucket = ? AND key >= ? AND key < ?`;

export function prepareStatements(connection: Connection): Statements {
  const prepare = <Row>(sql: string): Statement<Row> => connection.prepare<unknown[], Row>(sql);
  return {
    begin: prepare('BEGIN'),
    // A deferred transaction that starts to write fails at once if another connection has written meanwhile, whatever
    // the busy timeout (https://sqlite.org/lang_transaction.html).
    beginImmediate: prepare('BEGIN IMMEDIATE'),
    commit: prepare('COMMIT'),
    rollback: prepare('ROLLBACK'),
    get: prepare('SELECT value FROM kv WHERE bucket = ? AND key = ?'),
    exists: prepare('SELECT 1 FROM kv WHERE bucket = ? AND key = ?'),
    read: prepare(`SELECT kv.value, kv.updated, ${VERSION}`),
    version: prepare(`SELECT ${VERSION}`),
    list: prepare(
      'SELECT id, key FROM kv INDEXED BY kv_order WHERE bucket = ? AND id > ? ORDER BY id LIMIT ?',
    ),
    range: prepare('SELECT key FROM kv WHERE bucket = ? AND key >= ? ORDER BY key LIMIT ?'),
    // The length of a blob is in the head of its row: the value is not read.
    entries: prepare(
      'SELECT key, length(value) AS size, updated FROM kv WHERE bucket = ? AND key >= ? ORDER BY key LIMIT ?',
    ),
    // Not indexed: reading the table in its own order is ten times faster than through an index.
    newest: prepare(
      `SELECT key, length(value) AS size, updated FROM kv NOT INDEXED WHERE id > ? AND id <= ? AND bucket = ?
       AND updated BETWEEN ? AND ?`,
    ),
    withEnding: prepare(
      `SELECT key FROM kv NOT INDEXED WHERE id > ? AND id <= ? AND bucket = ?
       AND substr(key, -?) = ? AND value IN (?, ?) ORDER BY id`,
    ),
    valuesWithEnding: prepare<readonly [string, Uint8Array | null]>(
      `SELECT CAST(key AS TEXT), CASE WHEN length(value) <= ${SMALL_VALUE} THEN value END AS value FROM kv NOT INDEXED
       WHERE id > ? AND id <= ? AND bucket = ? AND substr(key, -?) = ? ORDER BY id`,
    ).raw(),
    sizesByPrefix: prepare<Buffer | null>(LINES('length(value)')).pluck(),
    timesByPrefix: prepare<Buffer | null>(LINES('updated')).pluck(),
    numbersWithEnding: {
      asc: prepare<readonly [string, bigint | number]>(NUMBERS('ASC')).raw(),
      desc: prepare<readonly [string, bigint | number]>(NUMBERS('DESC')).raw(),
    },
    withText: prepare<string>(
      `SELECT CAST(key AS TEXT) FROM kv NOT INDEXED WHERE id > ? AND id <= ? AND bucket = ?
       AND ((substr(key, -?) IN (?, ?) AND instr(lower(CAST(value AS TEXT)), ?) > 0)
         OR (substr(key, -?) = ? AND instr(lower(CAST(key AS TEXT)), ?) > 0)) ORDER BY id`,
    ).pluck(),
    lastId: prepare('SELECT max(id) AS id FROM kv'),
    // One index lookup for each bucket, however many keys there are; DISTINCT reads them all.
    buckets: prepare(
      `WITH RECURSIVE named (bucket) AS (
         SELECT min(bucket) FROM kv
         UNION ALL
         SELECT (SELECT min(bucket) FROM kv WHERE bucket > named.bucket) FROM named WHERE bucket IS NOT NULL)
       SELECT bucket FROM named WHERE bucket IS NOT NULL`,
    ),
    // Not one statement with RETURNING: SQLite collects its rows in a temporary table with a page cache of its own, 88 KB that
    // malloc maps and unmaps each time.
    countVersion: prepare('UPDATE counter SET version = version + 1'),
    lastVersion: prepare('SELECT version, EXISTS (SELECT 1 FROM follower) AS isFollowed FROM counter'),
    put: prepare(
      `INSERT INTO kv (bucket, key, version, created, updated, value) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (bucket, key) DO UPDATE
       SET version = excluded.version, updated = excluded.updated, value = excluded.value`,
    ),
    delete: prepare('DELETE FROM kv WHERE bucket = ? AND key = ?'),
    recordDeletion: prepare(
      `INSERT INTO deletion (bucket, version) VALUES (?, ?)
       ON CONFLICT (bucket) DO UPDATE SET version = excluded.version`,
    ),
    token: prepare('SELECT token FROM lease WHERE bucket = ? AND name = ?'),
  };
}
