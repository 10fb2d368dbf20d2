import { type BigIntStats, statSync } from 'node:fs';
import type { WasmcpError } from '../../error.ts';
import { type Connection, connect } from './connection.ts';
import { condemn } from './file-identity.ts';

/** Checks the database file below its log, which only SQLite may change. */
export interface DatabaseMonitor {
  /** `store-broken` if another database, or an older state of this one, was written over it. */
  check(): WasmcpError | undefined;
  /** The same, at most once in `CHECK_INTERVAL` milliseconds. */
  checkThrottled(): WasmcpError | undefined;
  close(): void;
}

/** What the file contains without its log. */
interface Content {
  readonly store: string | null;
  readonly version: bigint;
}

/** Milliseconds after which a changed file is certain to have a new timestamp: file systems count in ticks of up to 10 ms. */
const SETTLED = 50;

/** Milliseconds between two checks before commits: fewer than a checkpoint takes. */
const CHECK_INTERVAL = 5;

/** How often a check is repeated that may have been interrupted by a checkpoint. */
const RETRIES = 5;

/**
 * Monitors the database at `path`, which `connection` has open. SQLite reads pages that are not in its cache from the file as
 * it is now, and never notices that the file below the log was replaced in place.
 *
 * The file contains what the last checkpoint moved there: the name of the store, which never changes, and the version
 * counter, which only grows. Both are read when the file has changed, through a connection that ignores the log
 * (https://sqlite.org/uri.html#uriimmutable) and, being SQLite's own, does not drop the locks of this process.
 */
export function monitorDatabase(connection: Connection, path: string, url: string): DatabaseMonitor {
  const uri = `file:${path.split('/').map(encodeURIComponent).join('/')}?mode=ro&immutable=1`;
  const reader = connect(':memory:', 0);
  // Until a checkpoint has extended the file it is shorter than its header says, on a full disk for longer.
  reader.unsafeMode();
  reader.pragma('writable_schema = ON');
  const pages = connection.prepare<[], bigint>('PRAGMA page_count').pluck();
  const pageSize = BigInt(connection.pragma('page_size', { simple: true }) as bigint);
  const remedy = `stop every server that uses it; then restore a backup, or, to continue with this file, move ${path}-wal away`;
  let stats = stat();
  let changedAt: number | undefined = performance.now();
  let content = stats && read();
  let checkedAt = 0;

  function stat(): BigIntStats | undefined {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  }

  /** Undefined if the file is not a store. */
  function read(): Content | undefined {
    try {
      reader.prepare(`ATTACH ? AS file`).run(uri);
      try {
        return reader
          .prepare<[], Content>('SELECT identity.store, version FROM file.identity, file.counter')
          .get();
      } finally {
        reader.exec('DETACH file');
      }
    } catch {
      return undefined;
    }
  }

  function problem(now: BigIntStats, before: BigIntStats): string | undefined {
    // Only VACUUM by another program makes it shorter.
    if (now.size < before.size && now.size < pages.get()! * pageSize) return 'was truncated';
    const found = read();
    // Without such a connection, or before the first checkpoint, there is nothing to compare.
    if (found === undefined) return content && 'was overwritten';
    if (content !== undefined && found.store !== content.store) return 'was overwritten by another store';
    if (content !== undefined && found.version < content.version) return 'was overwritten by an older copy';
    content = found;
    return undefined;
  }

  function check(): WasmcpError | undefined {
    checkedAt = performance.now();
    const now = stat();
    if (now === undefined || stats === undefined) return undefined;
    if (now.ctimeNs !== stats.ctimeNs) changedAt = performance.now();
    else if (changedAt === undefined || performance.now() - changedAt < SETTLED) return undefined;
    // Checked once more after its timestamp has settled.
    else changedAt = undefined;
    let found = problem(now, stats);
    for (let n = 0; found !== undefined && n < RETRIES; n++) found = problem(now, stats);
    if (found !== undefined) return condemn(path, url, `${path} ${found} while it was open`, remedy);
    stats = now;
    return undefined;
  }

  return {
    check,
    checkThrottled: () => (performance.now() - checkedAt < CHECK_INTERVAL ? undefined : check()),
    close: () => reader.close(),
  };
}
