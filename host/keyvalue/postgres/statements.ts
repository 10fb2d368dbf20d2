import { BATCH_BYTES } from '../store.ts';
import { quoted } from './schema.ts';
import { fencedWriteStatements, type WriteStatements, writeStatements } from './write-statements.ts';

/** The statements of a store. Each is one round trip and one transaction. */
export interface Statements {
  /** bucket, head, digest */
  readonly get: string;
  readonly exists: string;
  /** bucket, head, digest, stripe; returns one row for absent keys too */
  readonly read: string;
  /** bucket, cursor, limit; each row: id, key, and the next transaction number, null if no transaction is in progress */
  readonly list: string;
  /** transaction; whether all earlier ones have ended */
  readonly settled: string;
  /** bucket, head, tail, limit */
  readonly range: string;
  /** bucket, heads, digests, how often each key is requested; each row: index of the key, value or null if all are too large */
  readonly getMany: string;
  readonly buckets: string;
  readonly write: WriteStatements;
  /** The same under a fence: its bucket, name and token follow the parameters. Fails with `LEASE_LOST`. */
  readonly fencedWrite: WriteStatements;
}

export function statementsFor(schema: string): Statements {
  const [kv, deletion] = [`${quoted(schema)}.kv`, `${quoted(schema)}.deletion`];
  const key = 'kv.bucket = $1 AND kv.head = $2 AND kv.digest = $3';
  return {
    get: `SELECT value FROM ${kv} AS kv WHERE ${key}`,
    exists: `SELECT 1 FROM ${kv} AS kv WHERE ${key}`,
    read: `SELECT kv.value, kv.updated, coalesce(kv.version, deletion.version)
      FROM ${deletion} AS deletion LEFT JOIN ${kv} AS kv ON ${key} WHERE deletion.stripe = $4::integer`,
    list: `SELECT id, head || tail, CASE WHEN pg_snapshot_xmin(pg_current_snapshot()) < pg_snapshot_xmax(pg_current_snapshot())
      THEN pg_snapshot_xmax(pg_current_snapshot()) END FROM ${kv} WHERE bucket = $1 AND id > $2::bigint ORDER BY id LIMIT $3::integer`,
    settled: 'SELECT pg_snapshot_xmin(pg_current_snapshot()) >= $1::xid8',
    range: `SELECT head || tail FROM ${kv} WHERE bucket = $1 AND head >= $2 AND (head > $2 OR tail >= $3)
      ORDER BY head, tail LIMIT $4::integer`,
    // The size of a value is known without reading it.
    getMany: `WITH found AS MATERIALIZED (
        SELECT wanted.n, kv.value, octet_length(kv.value)::bigint * wanted.times AS size
        FROM unnest($2::bytea[], $3::bytea[], $4::integer[]) WITH ORDINALITY AS wanted (head, digest, times, n)
        JOIN ${kv} AS kv ON kv.bucket = $1 AND kv.head = wanted.head AND kv.digest = wanted.digest)
      SELECT n, CASE WHEN (SELECT sum(size) FROM found) <= ${BATCH_BYTES} THEN value END FROM found`,
    // One index lookup for each bucket, however many keys there are.
    buckets: `WITH RECURSIVE named AS (
        (SELECT bucket FROM ${kv} ORDER BY bucket LIMIT 1)
        UNION ALL
        SELECT (SELECT kv.bucket FROM ${kv} AS kv WHERE kv.bucket > named.bucket ORDER BY kv.bucket LIMIT 1)
        FROM named WHERE named.bucket IS NOT NULL)
      SELECT bucket FROM named WHERE bucket IS NOT NULL`,
    write: writeStatements(schema),
    fencedWrite: fencedWriteStatements(schema),
  };
}
