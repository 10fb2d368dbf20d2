import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs';
import { resolve } from 'node:path';
import { WasmcpError } from '../../error.ts';
import type { StoreInfo } from '../store-maintenance.ts';
import { connectReaderInTurn } from './connect-in-turn.ts';
import { type Connection, connect } from './connection.ts';
import { sqliteFailure } from './errors.ts';
import { prepareFile, syncFolder } from './prepare-file.ts';
import { MIGRATIONS, schemaVersion } from './schema.ts';
import { renameStore, requireOwnLog } from './wal-ownership.ts';

/** Milliseconds to wait for other connections. */
const PATIENCE = 5000;

/**
 * Reads every page of the store at `path` and returns its problems; an empty list if there are none. Other processes may
 * continue to use it (https://sqlite.org/pragma.html#pragma_integrity_check).
 *
 * @throws WasmcpError `store-unusable`, `store-newer-schema`, `store-busy`
 */
export function checkSqlite(path: string): string[] {
  return reading(path, (connection) => {
    try {
      const rows = connection.prepare<[], string>('PRAGMA integrity_check').pluck().all();
      return rows.filter((row) => row !== 'ok');
    } catch (error) {
      // Some damage ends the check itself.
      if (error instanceof Error && 'code' in error && error.code === 'SQLITE_CORRUPT')
        return [error.message];
      throw error;
    }
  });
}

/** @throws WasmcpError `store-unusable`, `store-newer-schema`, `store-busy` */
export function describeSqlite(path: string): StoreInfo {
  return reading(path, (connection, file, url) => {
    const pragma = (name: string): number => Number(connection.pragma(name, { simple: true }));
    const buckets = connection.prepare<[], { bucket: string; keys: bigint; bytes: bigint }>(
      'SELECT bucket, count(*) AS keys, sum(length(value)) AS bytes FROM kv GROUP BY bucket ORDER BY bucket',
    );
    const schema = schemaVersion(connection, url, MIGRATIONS);
    return {
      schema,
      newestSchema: MIGRATIONS.length,
      file: {
        path: file,
        sqlite: String(connection.prepare('SELECT sqlite_version()').pluck().get()),
        size: statSync(file).size,
        logSize: statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0,
        freeSize: pragma('freelist_count') * pragma('page_size'),
      },
      buckets:
        schema === 0
          ? []
          : buckets.all().map(({ bucket, keys, bytes }) => ({
              name: bucket,
              keys: Number(keys),
              valueSize: Number(bytes),
            })),
    };
  });
}

/**
 * Copies a consistent snapshot of the store at `source` into a new file at `target`, while others continue to write
 * (https://sqlite.org/lang_vacuum.html#vacuuminto). The copy is called `temporary`, in the same folder, until it is complete
 * and on disk. Never overwrites a file.
 *
 * @throws WasmcpError `store-unusable`, `store-newer-schema`, `store-busy`, `store-full`
 */
export function copySqlite(source: string, target: string, temporary: string): void {
  const file = resolve(target);
  const url = `sqlite:${file}`;
  // An existing log would be taken for the new store's.
  const taken = ['', '-wal', '-shm'].map((end) => file + end).find((name) => existsSync(name));
  if (taken !== undefined) {
    throw new WasmcpError('store-unusable', `${taken} exists: choose another path or move it away`);
  }
  prepareFile(temporary, url, false);
  try {
    reading(source, (connection) => connection.prepare('VACUUM INTO ?').run(temporary));
    rename(temporary);
    sync(temporary);
    // Unlike a rename, this fails if another process was faster.
    linkSync(temporary, file);
  } catch (error) {
    throw explained(error, url);
  } finally {
    rmSync(temporary, { force: true });
  }
  syncFolder(file, url);
}

function rename(path: string): void {
  const connection = connect(path, 0);
  try {
    renameStore(connection);
  } finally {
    connection.close();
  }
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r+');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function explained(error: unknown, url: string): unknown {
  if (error instanceof WasmcpError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const meant = code === 'ENOSPC' ? 'store-full' : 'store-unusable';
  return new WasmcpError(meant, `${url} cannot be written: ${message}`, { cause: error });
}

/** Runs `work` on a store that must exist, without changing it. */
function reading<T>(path: string, work: (connection: Connection, file: string, url: string) => T): T {
  const url = `sqlite:${resolve(path)}`;
  if (!existsSync(path)) throw new WasmcpError('store-unusable', `${url} does not exist`);
  const file = realpathSync(resolve(path));
  let connection: Connection | undefined;
  try {
    connection = connectReaderInTurn(file, PATIENCE);
    requireOwnLog(connection, file, url);
    schemaVersion(connection, url, MIGRATIONS);
    return work(connection, file, url);
  } catch (error) {
    throw sqliteFailure(error, url);
  } finally {
    connection?.close();
  }
}
