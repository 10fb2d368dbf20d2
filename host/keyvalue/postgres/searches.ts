import { type EntryInfo, PAGE_SIZE, SMALL_VALUE, type Store } from '../store.ts';
import { byteaOf, storedKey, textOf, utf8 } from './keys.ts';
import type { Runner } from './runner.ts';
import { quoted } from './schema.ts';
import type { Row } from './session.ts';

/** Ids that one statement looks at, which takes some ten milliseconds. */
const SCANNED = 50_000n;

type Searches = Required<
  Pick<Store, 'entries' | 'newest' | 'withEnding' | 'valuesWithEnding' | 'sizesByPrefix'>
>;

/** What tools ask about many entries, each answered by the server in parts, so that little is sent. */
export function createSearches(runner: Runner, schema: string): Searches {
  const kv = `${quoted(schema)}.kv`;
  const part = 'bucket = $1 AND id > $2::bigint AND id <= $3::bigint';
  const entry = 'head || tail, octet_length(value), updated';
  const ends = `substring(head || tail FROM greatest(octet_length(head) + octet_length(tail) - octet_length($4::bytea) + 1, 1))
    = $4::bytea`;

  async function lastId(bucket: Buffer): Promise<bigint> {
    const [row] = await runner.read(`SELECT max(id) FROM ${kv} WHERE bucket = $1`, [bucket]);
    return BigInt(row?.[0] ?? 0);
  }

  /** The rows of the part after `cursor`, and the cursor of the next part. */
  async function search(
    sql: string,
    bucket: string,
    parameters: readonly unknown[],
    cursor: bigint = 0n,
  ): Promise<{ rows: readonly Row[]; next: bigint | undefined }> {
    const name = utf8(bucket);
    const end = cursor + SCANNED;
    const rows = await runner.read(sql, [name, `${cursor}`, `${end}`, ...parameters]);
    return { rows, next: end < (await lastId(name)) ? end : undefined };
  }

  return {
    async entries(bucket, from, limit) {
      const name = utf8(bucket);
      const { head, tail } = storedKey(name, from);
      const sql = `SELECT ${entry} FROM ${kv} WHERE bucket = $1 AND head >= $2 AND (head > $2 OR tail >= $3)
        ORDER BY head, tail LIMIT $4::integer`;
      return (await runner.read(sql, [name, head, tail, Math.min(limit, PAGE_SIZE)])).map(entryInfo);
    },
    async newest(bucket, before, limit) {
      const name = utf8(bucket);
      const sql = `SELECT ${entry} FROM ${kv} WHERE ${part} AND updated BETWEEN $4::bigint AND $5::bigint
        ORDER BY updated DESC, head, tail LIMIT $6::integer`;
      let kept: EntryInfo[] = [];
      let earliest = 0;
      // From the end: most of what was written last is there, and rules out most of the rest.
      for (let end = await lastId(name); end > 0n; end -= SCANNED) {
        const range = [`${end - SCANNED}`, `${end}`, earliest, before, limit];
        const rows = await runner.read(sql, [name, ...range]);
        if (rows.length === 0) continue;
        kept = [...kept, ...rows.map(entryInfo)].sort(byNewest).slice(0, limit);
        if (kept.length === limit) earliest = kept.at(-1)!.updated;
      }
      return kept;
    },
    async withEnding(bucket, ending, [one, other = one], cursor) {
      const sql = `SELECT head || tail FROM ${kv} WHERE ${part} AND ${ends} AND value IN ($5::bytea, $6::bytea) ORDER BY id`;
      const { rows, next } = await search(sql, bucket, [utf8(ending), one, other], cursor);
      return { keys: rows.map(([key]) => textOf(key!)), cursor: next };
    },
    async valuesWithEnding(bucket, ending, cursor) {
      const sql = `SELECT head || tail, CASE WHEN octet_length(value) <= ${SMALL_VALUE} THEN value END FROM ${kv}
        WHERE ${part} AND ${ends} ORDER BY id`;
      const { rows, next } = await search(sql, bucket, [utf8(ending)], cursor);
      return {
        entries: rows.map(([key, value]) => [textOf(key!), value ? byteaOf(value) : undefined]),
        cursor: next,
      };
    },
    async sizesByPrefix(bucket, { from, before, length }, cursor) {
      const sql = `SELECT prefix, sum(size) FROM (
          SELECT substring(head || tail FROM 1 FOR $6::integer) AS prefix, octet_length(value) AS size
          FROM ${kv} WHERE ${part} AND head || tail >= $4::bytea AND head || tail < $5::bytea) AS entry
        GROUP BY prefix`;
      const { rows, next } = await search(sql, bucket, [utf8(from), utf8(before), length], cursor);
      const lines = rows.map(([prefix, size]) => `${textOf(prefix!)}${size}`).join('\n');
      return { lines: utf8(lines), cursor: next };
    },
  };
}

function entryInfo([key, size, updated]: Row): EntryInfo {
  return { key: textOf(key!), size: Number(size), updated: Number(updated) };
}

function byNewest(a: EntryInfo, b: EntryInfo): number {
  return b.updated - a.updated || Buffer.compare(utf8(a.key), utf8(b.key));
}
