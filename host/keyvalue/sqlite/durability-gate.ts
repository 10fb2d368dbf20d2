import { fdatasync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { WasmcpError } from '../../error.ts';
import type { GateOptions } from '../driver.ts';
import { createGate, type DurabilityGate } from '../durability-gate.ts';
import { sqliteFailure } from './errors.ts';
import { openGuard, type StoreGuard } from './store-guard.ts';

/**
 * Opens a gate for the store in the SQLite file at `path`, which this process must have opened, so that the schema exists and
 * the file is in WAL mode. The gate covers commits of other processes too.
 *
 * @throws WasmcpError `store-unusable`
 */
export function openSqliteGate(path: string, options: GateOptions = {}): DurabilityGate {
  const file = realpathSync(resolve(path));
  const url = `sqlite:${resolve(path)}`;
  let guard: StoreGuard | undefined;
  try {
    guard = openGuard(file, url, options.busyTimeout ?? 5000);
    const failure = guard.check();
    if (failure !== undefined) throw failure;
    return over(guard, url, options.broken ?? (() => {}));
  } catch (error) {
    guard?.close();
    throw sqliteFailure(error, url);
  }
}

function over(guard: StoreGuard, url: string, broken: (failure: WasmcpError) => void): DurabilityGate {
  // Changes when another connection, of any process, has committed (https://sqlite.org/pragma.html#pragma_data_version).
  const version = guard.connection.prepare<[], bigint>('PRAGMA data_version').pluck();
  const checkFiles = atMostEvery(CHECK_INTERVAL, guard.files.quickCheck);

  return createGate({
    version() {
      const failure = checkFiles();
      if (failure !== undefined) throw failure;
      try {
        return version.get()!;
      } catch (error) {
        throw guard.explain(error);
      }
    },
    sync: (done) =>
      fdatasync(guard.log, (error) => done(error === null ? guard.check() : unsynced(error, url))),
    broken,
    close: guard.close,
  });
}

/**
 * Milliseconds between two checks of the files. Readers learn a little later than writers that the files are gone: each check
 * costs time of the thread that serves them all.
 */
const CHECK_INTERVAL = 10;

/** Calls `check`, or returns undefined if the last call was less than `milliseconds` ago. */
function atMostEvery<T>(milliseconds: number, check: () => T | undefined): () => T | undefined {
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    const now = performance.now();
    if (now - last < milliseconds) return undefined;
    last = now;
    return check();
  };
}

function unsynced(error: Error, url: string): WasmcpError {
  const message = `${url} could not be synced to its disk (${error.message}): check the disk, then start again`;
  return new WasmcpError('store-broken', message, { cause: error });
}
