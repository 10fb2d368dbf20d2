import { closeSync, fdatasync, openSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { WasmcpError } from '../../error.ts';
import { createGate, type OutputGate } from '../gate.ts';
import { type Connection, connect } from './connection.ts';
import { sqliteFailure } from './errors.ts';
import { identify } from './identity.ts';

export interface SqliteGateOptions {
  /** Called once, when a sync has failed or the files were deleted or replaced: the process should end. */
  readonly broken?: (failure: WasmcpError) => void;
  /** Milliseconds that a look at the database may wait while another process repairs it; 5,000 by default. */
  readonly busyTimeout?: number;
}

/**
 * A gate for the store in the SQLite file at `path`, which this process has opened: the schema is there and the file is
 * in WAL mode. It holds for what other processes commit as well.
 *
 * @throws WasmcpError `store-unusable`
 */
export function openSqliteGate(path: string, options: SqliteGateOptions = {}): OutputGate {
  const file = realpathSync(resolve(path));
  const url = `sqlite:${resolve(path)}`;
  let connection: Connection | undefined;
  try {
    connection = connect(file, options.busyTimeout ?? 5000, true);
    return over(connection, file, url, options);
  } catch (error) {
    connection?.close();
    throw sqliteFailure(error, url);
  }
}

function over(connection: Connection, file: string, url: string, options: SqliteGateOptions): OutputGate {
  // Changes when another connection, of any process, has committed (https://sqlite.org/pragma.html#pragma_data_version).
  const version = connection.prepare<[], bigint>('PRAGMA data_version').pluck();
  // The first look opens the log. As long as this connection lives nobody's closing deletes it.
  version.get();
  // SQLite has no locks on the log (os_unix.c, `noLock`), so that closing a descriptor of ours is harmless. The database
  // and its `-shm` must not be opened here: closing them would drop every lock that this process has on them.
  const log = openSync(`${file}-wal`, 'r+');
  const identity = identify(file, url);
  return createGate({
    version() {
      try {
        return version.get()!;
      } catch (error) {
        throw sqliteFailure(error, url);
      }
    },
    sync: (done) => fdatasync(log, (error) => done(error === null ? identity.check() : unsynced(error, url))),
    broken: options.broken ?? (() => {}),
    close() {
      closeSync(log);
      connection.close();
    },
  });
}

function unsynced(error: Error, url: string): WasmcpError {
  const message = `${url} could not be synced to its disk (${error.message}): check the disk, then start again`;
  return new WasmcpError('store-broken', message, { cause: error });
}
