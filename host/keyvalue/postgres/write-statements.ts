import { quoted } from './schema.ts';

/** The statements that write. */
export interface WriteStatements {
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

/** What a fenced write fails with: its lease has another token. */
export const LEASE_LOST = 'WL001';

/** A statement in parts: common table expressions, and what comes last. */
interface Write {
  readonly with?: string;
  readonly last: string;
  /** What the last part returns, if it matters: at most one row, whose column is called `result`. */
  readonly returns?: string;
  readonly parameters: number;
}

type Writes = { readonly [Name in keyof WriteStatements]: Write };

export function writeStatements(schema: string): WriteStatements {
  return mapped(writesFor(schema), ({ with: before, last, returns }) => {
    const prefix = before === undefined ? '' : `WITH ${before} `;
    return `${prefix}${last}${returns === undefined ? '' : ` RETURNING ${returns}`}`;
  });
}

/**
 * The fence is tested in the same statement. Its row is locked from then on, so that it holds until the commit, in whatever
 * order the engine executes the parts. They are all executed, whether the last part reads them or not.
 */
export function fencedWriteStatements(schema: string): WriteStatements {
  return mapped(writesFor(schema), ({ with: before, last, returns, parameters: n }) => {
    const test = `${quoted(schema)}.require_lease($${n + 1}, $${n + 2}, $${n + 3}::bigint)`;
    const parts = [`fence AS MATERIALIZED (SELECT ${test} AS held)`, before].filter(
      (part) => part !== undefined,
    );
    const isQuery = last.startsWith('SELECT');
    const work = returns === undefined ? last : `${last} RETURNING ${returns} AS result`;
    const result =
      returns === undefined && !isQuery ? 'held FROM fence' : 'work.result FROM fence LEFT JOIN work ON true';
    return `WITH ${parts.join(', ')}, work AS (${work}) SELECT ${result}`;
  });
}

function mapped(writes: Writes, map: (write: Write) => string): WriteStatements {
  return {
    set: map(writes.set),
    setMany: map(writes.setMany),
    deleteMany: map(writes.deleteMany),
    increment: map(writes.increment),
    incrementExisting: map(writes.incrementExisting),
    swap: map(writes.swap),
  };
}

/** The test for a counter, see `added`. `encode` accepts any bytes. */
const NUMBER = `encode(kv.value, 'escape')`;
const IS_NUMBER = `octet_length(kv.value) <= 21 AND ${NUMBER} ~ '^(0|-?[1-9][0-9]{0,19})$'`;

/** Without `CASE` the engine might evaluate the cast before the test. */
const isWithin = (delta: string, min: string, max: string): string =>
  `CASE WHEN ${IS_NUMBER} THEN ${NUMBER}::numeric + ${delta}::numeric BETWEEN ${min}::numeric AND ${max}::numeric ELSE false END`;

const sum = (delta: string): string => `convert_to((${NUMBER}::numeric + ${delta}::numeric)::text, 'UTF8')`;

function writesFor(schema: string): Writes {
  const [kv, deletion] = [`${quoted(schema)}.kv`, `${quoted(schema)}.deletion`];
  const next = `nextval('${quoted(schema)}.version')`;
  const key = 'kv.bucket = $1 AND kv.head = $2 AND kv.digest = $3';
  const into = `INSERT INTO ${kv} AS kv (id, bucket, head, digest, tail, version, created, updated, value)`;
  // The transaction gets its number before the key gets its id, so that a reader of later ids can wait for it.
  const id = `CASE WHEN pg_current_xact_id() IS NOT NULL THEN nextval('${quoted(schema)}.kv_id_seq') END`;
  const replace = `ON CONFLICT (bucket, head, digest) DO UPDATE
    SET version = excluded.version, updated = excluded.updated, value = excluded.value`;
  return {
    set: {
      last: `${into} VALUES (${id}, $1, $2, $3, $4, ${next}, $5::bigint, $5::bigint, $6) ${replace}`,
      parameters: 6,
    },
    setMany: {
      last: `${into} SELECT ${id}, $1, n.head, n.digest, n.tail, (SELECT ${next}), $5::bigint, $5::bigint, n.value
        FROM unnest($2::bytea[], $3::bytea[], $4::bytea[], $6::bytea[]) WITH ORDINALITY AS n (head, digest, tail, value, at)
        ORDER BY n.at ${replace}`,
      parameters: 6,
    },
    // The stripes are locked before any key: a swap that creates a key locks them in the same order.
    deleteMany: {
      with: `locked AS MATERIALIZED (
          SELECT stripe FROM ${deletion} WHERE stripe = ANY ($4::integer[]) ORDER BY stripe FOR UPDATE),
        gone AS (
          DELETE FROM ${kv} AS kv
          USING unnest($2::bytea[], $3::bytea[], $4::integer[]) AS n (head, digest, stripe)
          WHERE (SELECT count(*) FROM locked) > 0
            AND kv.bucket = $1 AND kv.head = n.head AND kv.digest = n.digest
          RETURNING n.stripe)`,
      last: `UPDATE ${deletion} SET version = (SELECT ${next}) WHERE stripe IN (SELECT stripe FROM gone)`,
      parameters: 4,
    },
    increment: {
      last: `${into} VALUES (${id}, $1, $2, $3, $4, ${next}, $5::bigint, $5::bigint, convert_to($6::numeric::text, 'UTF8'))
        ON CONFLICT (bucket, head, digest) DO UPDATE
        SET version = excluded.version, updated = excluded.updated, value = ${sum('$6')}
        WHERE ${isWithin('$6', '$7', '$8')}`,
      returns: NUMBER,
      parameters: 8,
    },
    incrementExisting: {
      last: `UPDATE ${kv} AS kv SET version = ${next}, updated = $4::bigint, value = ${sum('$5')}
        WHERE ${key} AND ${isWithin('$5', '$6', '$7')}`,
      returns: NUMBER,
      parameters: 7,
    },
    // Versions never repeat, so this one belongs either to a present key or to an absent one. The lock keeps the key's stripe
    // unchanged until the key is written; otherwise the key could be set and deleted in between.
    swap: {
      with: `changed AS (
          UPDATE ${kv} AS kv SET version = ${next}, updated = $5::bigint, value = $6
          WHERE ${key} AND kv.version = $7::bigint RETURNING 1),
        added AS (
          ${into} SELECT ${id}, $1, $2, $3, $4, ${next}, $5::bigint, $5::bigint, $6
          FROM (SELECT 1 FROM ${deletion} WHERE stripe = $8::integer AND version = $7::bigint FOR SHARE) AS unchanged
          ON CONFLICT (bucket, head, digest) DO NOTHING RETURNING 1)`,
      last: 'SELECT 1 AS result FROM changed UNION ALL SELECT 1 FROM added',
      parameters: 8,
    },
  };
}
