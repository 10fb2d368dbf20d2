import { WasmcpError } from '../../error.ts';
import { added, counterBytes } from '../counter.ts';
import { BATCH_BYTES, PAGE_SIZE, type Store } from '../store.ts';
import type { Connection, Statement } from './connection.ts';
import { sqliteFailure } from './errors.ts';
import { prepareStatements } from './statements.ts';

/** Ids are SQLite integers: signed 64-bit. */
const LARGEST_ID = 2n ** 63n - 1n;

/**
 * Milliseconds that SQLite waits by itself; then it is asked again. It looks after 1, 2, 5, … and at last each 100 ms
 * whether others are done: beside writers who never pause, whoever has waited longest would get the fewest chances.
 */
const OWN_PATIENCE = 10;

/** What the opener of a store wants to be told. */
export interface StoreEvents {
  /** Runs once, after the first commit. */
  readonly afterFirstWrite: () => void;
  /** Before each commit: why there must be none, if so. */
  readonly mayCommit: () => WasmcpError | undefined;
  /** After each commit: why it must not be acknowledged, if so. */
  readonly mayAcknowledge: () => WasmcpError | undefined;
  /** Closes the connection, by `close`, which is told whether the log may still be moved into the database. */
  readonly closing: (close: (isWhole: boolean) => void) => void;
  /** A sync has failed, or a file is lost: every call fails with this from now on. */
  readonly broken: (failure: WasmcpError) => void;
  /** The disk is full and something is to be deleted. Answers whether there may be room now. */
  readonly makeRoom: () => boolean;
}

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
  connection.pragma(`busy_timeout = ${Math.min(patience, OWN_PATIENCE)}`);
  const sql = prepareStatements(connection);
  let closed = false;
  let written = false;
  let failure: WasmcpError | undefined;

  function attempt<T>(work: () => T): T {
    if (closed) throw new WasmcpError('store-closed', `${url} is closed`);
    if (failure !== undefined) throw failure;
    let deadline: number | undefined;
    for (;;) {
      try {
        return work();
      } catch (error) {
        const meant = sqliteFailure(error, url);
        if (!(meant instanceof WasmcpError)) throw meant;
        if (meant.code === 'store-busy') {
          deadline ??= performance.now() + patience - OWN_PATIENCE;
          if (performance.now() < deadline) continue;
        } else if (meant.code === 'store-broken') {
          failure = meant;
          events.broken(meant);
        }
        throw meant;
      }
    }
  }

  function transaction<T>(begin: Statement, work: () => T): T {
    return attempt(() => {
      begin.run();
      try {
        const result = work();
        sql.commit.run();
        return result;
      } catch (error) {
        // SQLite rolls back by itself after some failures, such as a full disk.
        if (connection.inTransaction) sql.rollback.run();
        throw error;
      }
    });
  }

  function write<T>(work: () => T): T {
    const result = transaction(sql.beginImmediate, () => {
      const done = work();
      refuse(events.mayCommit());
      return done;
    });
    attempt(() => refuse(events.mayAcknowledge()));
    if (!written) attempt(events.afterFirstWrite);
    written = true;
    return result;
  }

  function nextVersion(): bigint {
    return sql.nextVersion.get()!.version;
  }

  function put(bucket: string, key: Buffer, version: bigint, value: Uint8Array): void {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    const now = BigInt(Date.now());
    sql.put.run(bucket, key, version, now, now, bytes);
  }

  function get(bucket: string, key: Buffer): Uint8Array | undefined {
    return plain(sql.get.get(wellFormed(bucket), key)?.value);
  }

  function remove(bucket: string, keys: readonly string[]): void {
    const encoded = keys.map(utf8);
    const deletion = (): void => {
      const gone = encoded.filter((key) => sql.delete.run(wellFormed(bucket), key).changes > 0);
      if (gone.length > 0) sql.recordDeletion.run(bucket, nextVersion());
    };
    try {
      write(deletion);
    } catch (error) {
      // Without this a full store could never be emptied: deleting takes room too.
      const full = error instanceof WasmcpError && error.code === 'store-full';
      if (!full || !events.makeRoom()) throw error;
      write(deletion);
    }
  }

  function setAll(bucket: string, entries: readonly (readonly [string, Uint8Array])[]): void {
    const encoded = entries.map(([key, value]) => [utf8(key), value] as const);
    write(() => {
      const version = nextVersion();
      for (const [key, value] of encoded) put(wellFormed(bucket), key, version, value);
    });
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
      return transaction(sql.begin, () => encoded.map(one));
    },
    setMany: setAll,
    deleteMany: remove,
    increment: (bucket, key, delta, bounds) => {
      const encoded = utf8(key);
      // Not a single INSERT … ON CONFLICT DO UPDATE: SQLite's integers end at 2⁶³−1, and its casts saturate and
      // accept "12abc". The write lock is taken before the read, so no other writer comes between.
      return write(() => {
        const sum = added(get(bucket, encoded), delta, bounds);
        put(wellFormed(bucket), encoded, nextVersion(), counterBytes(sum));
        return sum;
      });
    },
    read: (bucket, key) =>
      attempt(() => {
        const row = sql.read.get(wellFormed(bucket), utf8(key))!;
        const updated = row.updated === null ? undefined : Number(row.updated);
        return { value: plain(row.value), version: row.version, updated };
      }),
    swap: (bucket, key, version, value) => {
      const encoded = utf8(key);
      return write(() => {
        if (sql.version.get(wellFormed(bucket), encoded)!.version !== version) return false;
        put(wellFormed(bucket), encoded, nextVersion(), value);
        return true;
      });
    },
    buckets: () => attempt(() => sql.buckets.all().map((row) => row.bucket)),
    close() {
      if (closed) return;
      closed = true;
      events.closing((isWhole) => {
        if (isWhole && failure === undefined) emptyLog(connection);
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

function refuse(failure: WasmcpError | undefined): void {
  if (failure !== undefined) throw failure;
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
