import type { EntryInfo, NumberQuery, Prefixes, SizesPage, Store } from '../store.ts';
import { plainBytes, type StoreAccess, utf8, wellFormed } from './access.ts';
import type { Statements } from './statements.ts';

/** Ids that one search looks at, which takes some milliseconds. */
const SCANNED = 20_000n;

type Searches = Required<
  Pick<
    Store,
    | 'newest'
    | 'withEnding'
    | 'valuesWithEnding'
    | 'sizesByPrefix'
    | 'timesByPrefix'
    | 'numbersWithEnding'
    | 'withText'
  >
>;

/** The searches of a store: each looks at a part of the table, in its own order. */
export function createSearches({ sql, attempt }: StoreAccess): Searches {
  /** The last id of the part of the table after `cursor`, and the cursor of the next part. */
  function part(cursor: bigint): { readonly end: bigint; readonly next: bigint | undefined } {
    const last = sql.lastId.get()?.id ?? 0n;
    const end = cursor + SCANNED;
    return { end, next: end < last ? end : undefined };
  }

  function linesOf(
    statement: Statements['sizesByPrefix'],
    bucket: string,
    { from, before, length }: Prefixes,
    cursor = 0n,
  ): SizesPage {
    return attempt(() => {
      const { end, next } = part(cursor);
      const range = [utf8(from), utf8(before)] as const;
      const lines = statement.get(length, cursor, end, wellFormed(bucket), ...range);
      return { lines: lines ?? new Uint8Array(), cursor: next };
    });
  }

  return {
    newest: (bucket, before, limit) =>
      attempt(() => newestOf(sql, wellFormed(bucket), before, limit).map(entryInfo)),
    withEnding: (bucket, ending, [one, other = one], cursor = 0n) =>
      attempt(() => {
        const { end, next } = part(cursor);
        const suffix = utf8(ending);
        const rows = sql.withEnding.all(cursor, end, wellFormed(bucket), suffix.length, suffix, one, other);
        return { keys: rows.map(({ key }) => key.toString('utf8')), cursor: next };
      }),
    valuesWithEnding: (bucket, ending, cursor = 0n) =>
      attempt(() => {
        const { end, next } = part(cursor);
        const suffix = utf8(ending);
        const rows = sql.valuesWithEnding.all(cursor, end, wellFormed(bucket), suffix.length, suffix);
        return {
          entries: rows.map(([key, value]) => [key, plainBytes(value)]),
          cursor: next,
        };
      }),
    sizesByPrefix: (...args) => linesOf(sql.sizesByPrefix, ...args),
    timesByPrefix: (...args) => linesOf(sql.timesByPrefix, ...args),
    numbersWithEnding: (bucket, query, cursor = 0n) =>
      attempt(() => {
        const { end, next } = part(cursor);
        const { ending, skip, field, order, limit } = query;
        const suffix = utf8(ending);
        const place = [BigInt(skip), cursor, end, wellFormed(bucket), suffix.length, suffix] as const;
        const rows = sql.numbersWithEnding[order].all(...place, `$.${field}`, ...boundsOf(query), limit);
        return { numbers: rows.map(([key, number]) => [key, Number(number)]), cursor: next };
      }),
    withText: (bucket, { text, inKeys, inValues: [one, other] }, cursor = 0n) =>
      attempt(() => {
        const { end, next } = part(cursor);
        const wanted = text.toLowerCase();
        const values = [one.length, utf8(one), utf8(other), wanted] as const;
        const keys = [inKeys.length, utf8(inKeys), wanted] as const;
        return {
          keys: sql.withText.all(cursor, end, wellFormed(bucket), ...values, ...keys),
          cursor: next,
        };
      }),
  };
}

/** The smallest and the largest number that are wanted. */
function boundsOf({ order, from, to }: NumberQuery): readonly [number, number] {
  const [smallest, largest] = order === 'asc' ? [from, to] : [to, from];
  return [smallest ?? Number.NEGATIVE_INFINITY, largest ?? Number.POSITIVE_INFINITY];
}

interface EntryRow {
  readonly key: Buffer;
  readonly size: bigint;
  readonly updated: bigint;
}

/** From the end of the table: most of what was written last is there, and rules out most of the rest. */
function newestOf(sql: Statements, bucket: string, before: number, limit: number): EntryRow[] {
  let kept: EntryRow[] = [];
  let earliest = 0n;
  for (let end = sql.lastId.get()?.id ?? 0n; end > 0n; end -= SCANNED) {
    const rows = sql.newest.all(end - SCANNED, end, bucket, earliest, BigInt(before));
    if (rows.length === 0) continue;
    kept = [...kept, ...rows].sort(byNewest).slice(0, limit);
    if (kept.length === limit) earliest = kept.at(-1)!.updated;
  }
  return kept;
}

function byNewest(a: EntryRow, b: EntryRow): number {
  return a.updated === b.updated ? Buffer.compare(a.key, b.key) : Number(b.updated - a.updated);
}

export function entryInfo({ key, size, updated }: EntryRow): EntryInfo {
  return { key: key.toString('utf8'), size: Number(size), updated: Number(updated) };
}
