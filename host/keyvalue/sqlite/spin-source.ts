import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { WasmcpError } from '../../error.ts';
import type { Entry } from '../batch.ts';
import type { CopySource } from '../copy/source.ts';
import { type Connection, connect } from './connection.ts';
import { sqliteFailure } from './errors.ts';

interface Row {
  readonly store: string;
  readonly key: string;
  readonly value: Uint8Array;
}

/**
 * Opens the SQLite file of Spin's default key-value store (`.spin/sqlite_key_value.db`; table `spin_key_value` of
 * `spin-key-value-sqlite`) to be copied: each store of Spin becomes a bucket. The file is only read; stop Spin first.
 *
 * @throws WasmcpError `store-unusable`
 */
export function openSpinSource(path: string): CopySource {
  const url = `spin:${resolve(path)}`;
  if (!existsSync(path)) throw new WasmcpError('store-unusable', `${url} does not exist`);
  const connection = opened(resolve(path), url);
  const rows = connection.prepare<unknown[], Row>(
    'SELECT store, key, value FROM spin_key_value WHERE store = ? ORDER BY CAST(key AS BLOB)',
  );
  const names = connection.prepare<[], { store: string }>('SELECT DISTINCT store FROM spin_key_value');
  function* ordered(bucket: string): Generator<Entry> {
    for (const { key, value } of rows.iterate(bucket)) yield { bucket, key, value: Buffer.from(value) };
  }
  return {
    url,
    identity: url,
    buckets: () => names.all().map(({ store }) => store),
    // Spin does not record an order, and its stores are small.
    page: (bucket) => ({ entries: [...ordered(bucket)], cursor: undefined }),
    ordered,
    close: () => {
      connection.close();
    },
  };
}

function opened(path: string, url: string): Connection {
  let connection: Connection | undefined;
  try {
    connection = connect(path, 5000, true);
    const table = connection.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'spin_key_value'`).get();
    if (table !== undefined) return connection;
    throw new WasmcpError('store-unusable', `${url} has no table spin_key_value: it is not a store of Spin`);
  } catch (error) {
    connection?.close();
    throw sqliteFailure(error, url);
  }
}
