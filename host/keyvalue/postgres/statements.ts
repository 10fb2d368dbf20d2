import { BATCH_BYTES } from '../store.ts';
import { quoted } from './schema.ts';

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
  /** bucket, head, digest, tail, now, value */
  readonly set: string;
  /** bucket, heads, digests, tails, now, values */
  readonly setMany: string;
  /** bucket, heads, digests, stripes */
  readonly deleteMany: string;
  /** bucket, head, digest, tail, now, delta, min, max; no row if the sum is refused */
  readonly increment: string;
  /** bucket, head, digest, now, delta, min, max; the same, but does not create the counter */
  readonly incrementExisting: string;
  /** bucket, head, digest, tail, now, value, version, stripe; one row if it was swapped */
  readonly swap: string;
}

/** The test for a counter, see `added`. `encode` accepts any bytes. */
const NUMBER = `encode(kv.value, 'escape')`;
const IS_NUMBER = `octet_length(kv.value) <= 21 AND ${NUMBER} ~ '^(0|-?[1-9][0-9]{0,19})$'`;

/** Without `CASE` the engine might evaluate the cast before the test. */
const isWithin = (delta: string, min: string, max: string): string =>
  `CASE WHEN ${IS_NUMBER} THEN ${NUMBER}::numeric + ${delta}::numeric BETWEEN ${min}::numeric AND ${max}::numeric ELSE false END`;

const sum = (delta: string): string => `convert_to((${NUMBER}::numeric + ${delta}::numeric)::text, 'UTF8')`;

export function statementsFor(schema: string): Statements {
  const [kv, deletion] = [`${quoted(schema)}.kv`, `${quoted(schema)}.deletion`];
  const next = `nextval('${quoted(schema)}.version')`;
  const key = 'kv.bucket = $1 AND kv.head = $2 AND kv.digest = $3';
  const into = `INSERT INTO ${kv} AS kv (id, bucket, head, digest, tail, version, created, updated, value)`;
  // The transaction gets its number before the key gets its id, so that a reader of later ids can wait for it.
  const id = `CASE WHEN pg_current_xact_id() IS NOT NULL THEN nextval('${quoted(schema)}.kv_id_seq') END`;
  const replace = `ON CONFLICT (bucket, head, digest) DO UPDATE
    SET version = excluded.version, updated = excluded.updated, value = excluded.value`;
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
    set: `${into} VALUES (${id}, $1, $2, $3, $4, ${next}, $5::bigint, $5::bigint, $6) ${replace}`,
    setMany: `${into} SELECT ${id}, $1, n.head, n.digest, n.tail, (SELECT ${next}), $5::bigint, $5::bigint, n.value
      FROM unnest($2::bytea[], $3::bytea[], $4::bytea[], $6::bytea[]) WITH ORDINALITY AS n (head, digest, tail, value, at)
      ORDER BY n.at ${replace}`,
    // The stripes are locked before any key: a swap that creates a key locks them in the same order.
    deleteMany: `WITH locked AS MATERIALIZED (
        SELECT stripe FROM ${deletion} WHERE stripe = ANY ($4::integer[]) ORDER BY stripe FOR UPDATE),
      gone AS (
        DELETE FROM ${kv} AS kv
        USING unnest($2::bytea[], $3::bytea[], $4::integer[]) AS n (head, digest, stripe)
        WHERE (SELECT count(*) FROM locked) > 0
          AND kv.bucket = $1 AND kv.head = n.head AND kv.digest = n.digest
        RETURNING n.stripe)
      UPDATE ${deletion} SET version = (SELECT ${next}) WHERE stripe IN (SELECT stripe FROM gone)`,
    increment: `${into} VALUES (${id}, $1, $2, $3, $4, ${next}, $5::bigint, $5::bigint, convert_to($6::numeric::text, 'UTF8'))
      ON CONFLICT (bucket, head, digest) DO UPDATE
      SET version = excluded.version, updated = excluded.updated, value = ${sum('$6')}
      WHERE ${isWithin('$6', '$7', '$8')} RETURNING ${NUMBER}`,
    incrementExisting: `UPDATE ${kv} AS kv SET version = ${next}, updated = $4::bigint, value = ${sum('$5')}
      WHERE ${key} AND ${isWithin('$5', '$6', '$7')} RETURNING ${NUMBER}`,
    // Versions never repeat, so this one belongs either to a present key or to an absent one. The lock keeps the key's stripe
    // unchanged until the key is written; otherwise the key could be set and deleted in between.
    swap: `WITH changed AS (
        UPDATE ${kv} AS kv SET version = ${next}, updated = $5::bigint, value = $6
        WHERE ${key} AND kv.version = $7::bigint RETURNING 1),
      added AS (
        ${into} SELECT ${id}, $1, $2, $3, $4, ${next}, $5::bigint, $5::bigint, $6
        FROM (SELECT 1 FROM ${deletion} WHERE stripe = $8::integer AND version = $7::bigint FOR SHARE) AS unchanged
        ON CONFLICT (bucket, head, digest) DO NOTHING RETURNING 1)
      SELECT 1 FROM changed UNION ALL SELECT 1 FROM added`,
  };
}
