import { WasmcpError } from '../../error.ts';
import { BATCH_BYTES, PAGE_SIZE, type Store } from '../store.ts';
import { plainBytes, type StoreAccess, storedValue, utf8, wellFormed } from './access.ts';
import { entryInfo } from './searches.ts';

/** Ids are SQLite integers: signed 64-bit (https://sqlite.org/datatype3.html, section 2). */
const LARGEST_ID = 2n ** 63n - 1n;

type Reads = Pick<Store, 'get' | 'exists' | 'list' | 'range' | 'getMany' | 'read' | 'buckets'> &
  Required<Pick<Store, 'entries'>>;

/** The methods of a store that only read. */
export function createReads({ sql, transactions, requireOpen, attempt }: StoreAccess): Reads {
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

function batchTooLarge(keys: number): WasmcpError {
  return new WasmcpError(
    'store-limit',
    `the values of these ${keys} keys exceed ${BATCH_BYTES} bytes, the limit of one batch: request fewer keys`,
  );
}
