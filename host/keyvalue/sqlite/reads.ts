import { WasmcpError } from '../../error.ts';
import { BATCH_BYTES, type EntryInfo, PAGE_SIZE, type Store } from '../store.ts';
import { plainBytes, type StoreAccess, storedValue, utf8, wellFormed } from './access.ts';
import type { Statements } from './statements.ts';

/** Ids that one search looks at, which takes some milliseconds. */
const SCANNED = 20_000n;

/** Ids are SQLite integers: signed 64-bit (https://sqlite.org/datatype3.html, section 2). */
const LARGEST_ID = 2n ** 63n - 1n;

type Reads = Pick<Store, 'get' | 'exists' | 'list' | 'range' | 'getMany' | 'read' | 'buckets'> &
  Required<Pick<Store, 'entries' | 'newest' | 'withEnding' | 'valuesWithEnding' | 'sizesByPrefix'>>;

/** The methods of a store that only read. */
export function createReads({ sql, transactions, requireOpen, attempt }: StoreAccess): Reads {
  /** The last id of the part of the table after `cursor`, and the cursor of the next part. */
  function part(cursor: bigint): { readonly end: bigint; readonly next: bigint | undefined } {
    const last = sql.lastId.get()?.id ?? 0n;
    const end = cursor + SCANNED;
    return { end, next: end < last ? end : undefined };
  }

  return {
    get: (bucket, key) => attempt(() => storedValue(sql, bucket, utf8(key))),
    exists: (bucket, key) => attempt(() => sql.exists.get(wellFormed(bucket), utf8(key)) !== undefined),
    list(bucket, cursor = 0n) {
      if (cursor < 0n || cursor > LARGEST_ID) {
        throw new WasmcpError('cursor-invalid', `${cursor} is not a cursor that this store returned`);
      }
      const rows = attempt(() => sql.list.all(wellFormed(bucket), cursor, PAGE_SIZE + 1));
      const page = rows.slice(0, PAGE_SIZE);
      return {
        keys: page.map((row) => row.key.toString('utf8')),
        cursor: rows.length > PAGE_SIZE ? page.at(-1)!.id : undefined,
      };
    },
    range(bucket, from, limit) {
      const rows = attempt(() => sql.range.all(wellFormed(bucket), utf8(from), Math.min(limit, PAGE_SIZE)));
      return rows.map(({ key }) => key.toString('utf8'));
    },
    entries(bucket, from, limit) {
      const rows = attempt(() => sql.entries.all(wellFormed(bucket), utf8(from), Math.min(limit, PAGE_SIZE)));
      return rows.map(entryInfo);
    },
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
          entries: rows.map(({ key, value }) => [key.toString('utf8'), plainBytes(value)]),
          cursor: next,
        };
      }),
    sizesByPrefix: (bucket, { from, before, length }, cursor = 0n) =>
      attempt(() => {
        const { end, next } = part(cursor);
        const range = [utf8(from), utf8(before)] as const;
        const rows = sql.sizesByPrefix.all(length, cursor, end, wellFormed(bucket), ...range);
        return { sizes: rows.map(([prefix, size]) => [prefix, Number(size)]), cursor: next };
      }),
    getMany(bucket, keys) {
      const encoded = keys.map(utf8);
      let bytes = 0;
      const value = (key: Buffer): Uint8Array | undefined => {
        const found = storedValue(sql, bucket, key);
        bytes += found?.byteLength ?? 0;
        if (bytes > BATCH_BYTES) throw batchTooLarge(keys.length);
        return found;
      };
      requireOpen();
      return transactions.read(() => encoded.map(value));
    },
    read: (bucket, key) =>
      attempt(() => {
        const row = sql.read.get(wellFormed(bucket), utf8(key))!;
        const updated = row.updated === null ? undefined : Number(row.updated);
        return { value: plainBytes(row.value), version: row.version, updated };
      }),
    buckets: () => attempt(() => sql.buckets.all().map((row) => row.bucket)),
  };
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

function entryInfo({ key, size, updated }: EntryRow): EntryInfo {
  return { key: key.toString('utf8'), size: Number(size), updated: Number(updated) };
}

function batchTooLarge(keys: number): WasmcpError {
  return new WasmcpError(
    'store-limit',
    `the values of these ${keys} keys exceed ${BATCH_BYTES} bytes, the limit of one batch: request fewer keys`,
  );
}
