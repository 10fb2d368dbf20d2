import { WasmcpError } from '../../error.ts';
import { added, counterBytes } from '../counter.ts';
import { BATCH_BYTES, PAGE_SIZE, type Store } from '../store.ts';
import type { Connection } from './connection.ts';
import { prepareStatements } from './statements.ts';
import { createTransactions, type StoreEvents } from './transactions.ts';

/** Ids are SQLite integers: signed 64-bit. */
const LARGEST_ID = 2n ** 63n - 1n;

/** Bytes by which a value may grow on a full disk: enough to mark a session as ended. */
const HARDLY = 1024;

/**
 * The store in an open database with our schema; closing it closes the connection. Every method answers at once, or
 * waits for other writers for `patience` milliseconds.
 */
export function sqliteStore(
  connection: Connection,
  url: string,
  patience: number,
  events: StoreEvents,
): Store {
  const sql = prepareStatements(connection);
  const transactions = createTransactions(connection, sql, url, patience, events);
  let closed = false;
  let newest: unknown;

  function open(): void {
    if (closed) throw new WasmcpError('store-closed', `${url} is closed`);
  }

  function attempt<T>(work: () => T): T {
    open();
    return transactions.attempt(work);
  }

  function nextVersion(): bigint {
    return sql.nextVersion.get()!.version;
  }

  function put(bucket: string, key: Buffer, version: bigint, value: Uint8Array): void {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    const now = BigInt(Date.now());
    const { lastInsertRowid } = sql.put.run(bucket, key, version, now, now, bytes);
    if (lastInsertRowid !== newest) transactions.inserted();
    newest = lastInsertRowid;
  }

  function get(bucket: string, key: Buffer): Uint8Array | undefined {
    return plain(sql.get.get(wellFormed(bucket), key)?.value);
  }

  function remove(bucket: string, keys: readonly string[]): void {
    const encoded = keys.map(utf8);
    open();
    transactions.remove(() => {
      const gone = encoded.filter((key) => sql.delete.run(wellFormed(bucket), key).changes > 0);
      if (gone.length > 0) sql.recordDeletion.run(bucket, nextVersion());
    });
  }

  function setAll(bucket: string, entries: readonly (readonly [string, Uint8Array])[]): void {
    const encoded = entries.map(([key, value]) => [utf8(key), value] as const);
    open();
    transactions.replace(
      () => {
        const version = nextVersion();
        for (const [key, value] of encoded) put(wellFormed(bucket), key, version, value);
      },
      () => encoded.every(([key, value]) => replaces(bucket, key, value.byteLength)),
    );
  }

  /** Whether a value of this size takes hardly more than the one that is there. */
  function replaces(bucket: string, key: Buffer, size: number): boolean {
    const before = attempt(() => get(bucket, key));
    return before !== undefined && size <= before.byteLength + HARDLY;
  }

  return {
    url,
    get: (bucket, key) => attempt(() => get(bucket, utf8(key))),
    exists: (bucket, key) => attempt(() => sql.exists.get(wellFormed(bucket), utf8(key)) !== undefined),
    set: (bucket, key, value) => setAll(bucket, [[key, value]]),
    delete: (bucket, key) => remove(bucket, [key]),
    list(bucket, cursor = 0n) {
      if (cursor < 0n || cursor > LARGEST_ID) {
        throw new WasmcpError('cursor-invalid', `${cursor} is not a cursor that this store gave out`);
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
    getMany: (bucket, keys) => {
      const encoded = keys.map(utf8);
      let bytes = 0;
      const one = (key: Buffer): Uint8Array | undefined => {
        const value = get(bucket, key);
        bytes += value?.byteLength ?? 0;
        if (bytes > BATCH_BYTES) throw tooMuch(keys.length);
        return value;
      };
      open();
      return transactions.read(() => encoded.map(one));
    },
    setMany: setAll,
    deleteMany: remove,
    increment: (bucket, key, delta, bounds) => {
      const encoded = utf8(key);
      // Not a single INSERT … ON CONFLICT DO UPDATE: SQLite's integers end at 2⁶³−1, and its casts saturate and
      // accept "12abc". The write lock is taken before the read, so no other writer comes between.
      open();
      const add = (): bigint => {
        const sum = added(get(bucket, encoded), delta, bounds);
        put(wellFormed(bucket), encoded, nextVersion(), counterBytes(sum));
        return sum;
      };
      return transactions.replace(add, () => replaces(bucket, encoded, 0));
    },
    read: (bucket, key) =>
      attempt(() => {
        const row = sql.read.get(wellFormed(bucket), utf8(key))!;
        const updated = row.updated === null ? undefined : Number(row.updated);
        return { value: plain(row.value), version: row.version, updated };
      }),
    swap: (bucket, key, version, value) => {
      const encoded = utf8(key);
      open();
      const swapped = (): boolean => {
        if (sql.version.get(wellFormed(bucket), encoded)!.version !== version) return false;
        put(wellFormed(bucket), encoded, nextVersion(), value);
        return true;
      };
      return transactions.replace(swapped, () => replaces(bucket, encoded, value.byteLength));
    },
    buckets: () => attempt(() => sql.buckets.all().map((row) => row.bucket)),
    close() {
      if (closed) return;
      closed = true;
      events.closing((isWhole) => {
        if (isWhole && !transactions.isBroken) emptyLog(connection);
        connection.close();
      });
    },
  };
}

/** Leaves one file behind when nobody else has it open; others are not waited for. */
function emptyLog(connection: Connection): void {
  try {
    connection.pragma('busy_timeout = 0');
    connection.pragma('wal_checkpoint(TRUNCATE)');
  } catch {
    // The log stays beside the database and is taken up by the next opener: nothing is lost.
  }
}

/** Two different texts with lone surrogates would become one key: there is no UTF-8 for them. */
function tooMuch(keys: number): WasmcpError {
  const limit = `the limit is ${BATCH_BYTES}: ask for fewer`;
  return new WasmcpError(
    'store-limit',
    `the values of ${keys} keys have more bytes than one answer, ${limit}`,
  );
}

function wellFormed(text: string): string {
  if (!text.isWellFormed()) throw new TypeError('a key or bucket name has a lone surrogate');
  return text;
}

function utf8(text: string): Buffer {
  return Buffer.from(wellFormed(text), 'utf8');
}

/** A plain view of the bytes: a `Buffer` would print, compare and slice differently from the contract's type. */
function plain(value: Uint8Array | null | undefined): Uint8Array | undefined {
  return value ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : undefined;
}
