import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Entry } from '../batch.ts';
import type { CopySource, EntryPage } from '../copy/source.ts';
import { PAGE_SIZE } from '../store.ts';
import { type Connection, connect, type Statement } from './connection.ts';
import { sqliteFailure } from './errors.ts';
import { markAsMoved } from './moved.ts';
import { openSqlite } from './open.ts';

/** Milliseconds to wait for the writes of others. */
const PATIENCE = 30_000;

/** Bytes of values after which a page ends. */
const PAGE_BYTES = 8 * 1024 * 1024;

interface Row {
  readonly id: bigint;
  readonly bucket: string;
  readonly key: Buffer;
  readonly value: Uint8Array;
}

/**
 * Opens the store in the SQLite file at `path` to be copied while servers write to it.
 *
 * @throws WasmcpError `store-*`; so do the methods
 */
export function openSqliteSource(path: string): CopySource {
  const url = `sqlite:${resolve(path)}`;
  // Checks the file now, and monitors it while it is open.
  const store = openSqlite(path, { create: false });
  const connection = connect(realpathSync(resolve(path)), PATIENCE);
  connection.pragma('synchronous = FULL');
  const sql = prepare(connection);
  const attempt = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw sqliteFailure(error, url);
    }
  };
  return {
    url,
    identity: attempt(() => `sqlite store ${sql.identity.get()!.store}`),
    buckets: () => store.buckets(),
    page: (bucket, cursor = 0n) => attempt(() => pageOf(sql.page.iterate(bucket, cursor, PAGE_SIZE))),
    ordered: (bucket) => entriesOf(sql.ordered.iterate(bucket)),
    live: {
      version: () => attempt(() => sql.version.get()!.version),
      changedSince: (version) => entriesOf(sql.changed.iterate(version)),
      async hold(work, target) {
        attempt(() => connection.exec('BEGIN IMMEDIATE'));
        try {
          const result = await work();
          attempt(() => {
            if (target !== undefined) markAsMoved(connection, target);
            connection.exec('COMMIT');
          });
          return result;
        } finally {
          if (connection.inTransaction) connection.exec('ROLLBACK');
        }
      },
    },
    async close() {
      connection.close();
      await store.close();
    },
  };
}

interface Statements {
  readonly identity: Statement<{ store: string }>;
  readonly version: Statement<{ version: bigint }>;
  /** bucket, cursor, limit */
  readonly page: Statement<Row>;
  /** bucket */
  readonly ordered: Statement<Row>;
  /** version */
  readonly changed: Statement<Row>;
}

function prepare(connection: Connection): Statements {
  const statement = <T>(sql: string): Statement<T> => connection.prepare<unknown[], T>(sql);
  const columns = 'SELECT id, bucket, key, value FROM kv';
  return {
    identity: statement('SELECT store FROM identity'),
    version: statement('SELECT version FROM counter'),
    page: statement(`${columns} INDEXED BY kv_order WHERE bucket = ? AND id > ? ORDER BY id LIMIT ?`),
    ordered: statement(`${columns} WHERE bucket = ? ORDER BY key`),
    changed: statement(`${columns} WHERE version > ? ORDER BY id`),
  };
}

function pageOf(rows: Iterable<Row>): EntryPage {
  const entries: Entry[] = [];
  let bytes = 0;
  let cursor: bigint | undefined;
  for (const row of rows) {
    entries.push(entryOf(row));
    cursor = row.id;
    bytes += row.value.byteLength;
    if (bytes >= PAGE_BYTES) break;
  }
  return { entries, cursor };
}

function* entriesOf(rows: Iterable<Row>): Generator<Entry> {
  for (const row of rows) yield entryOf(row);
}

function entryOf({ bucket, key, value }: Row): Entry {
  return { bucket, key: key.toString('utf8'), value };
}
