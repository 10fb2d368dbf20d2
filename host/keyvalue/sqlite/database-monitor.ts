import { type BigIntStats, statSync } from 'node:fs';
import type { WasmcpError } from '../../error.ts';
import { type Connection, connect } from './connection.ts';
import { condemn } from './file-identity.ts';

/** The database file under its log, which nobody but SQLite may change. */
export interface DatabaseMonitor {
  /** `store-broken` when another database, or an older state of this one, was written over it. */
  check(): WasmcpError | undefined;
  /** The same once in a few milliseconds. */
  checkNowAndThen(): WasmcpError | undefined;
  close(): void;
}

/** What the file says by itself. */
interface Content {
  readonly store: string | null;
  readonly version: bigint;
}

/** Milliseconds after which a file that changes has another time: file systems count in ticks of up to 10 ms. */
const SETTLED = 50;

/** Milliseconds between two looks before commits: fewer than a checkpoint takes. */
const NOW_AND_THEN = 5;

/** Times that a look is taken again which a checkpoint may have come between. */
const PATIENCE = 5;

/**
 * Watches the database at `path`, which `connection` has open. SQLite reads pages that it has not in memory from wherever
 * they are by now, and never notices that the file under the log became another one.
 *
 * In the file is what the last checkpoint has moved there: the name of the store, which never changes, and the counter of
 * versions, which only grows. Both are read when the file has changed, by a connection that leaves the log out
 * (https://sqlite.org/uri.html#uriimmutable) and, being SQLite's own, does not drop the locks of this process.
 */
export function monitorDatabase(connection: Connection, path: string, url: string): DatabaseMonitor {
  const uri = `file:${path.split('/').map(encodeURIComponent).join('/')}?mode=ro&immutable=1`;
  const beside = connect(':memory:', 0);
  // A file that a checkpoint makes larger is shorter than its header says until then, on a full disk for longer.
  beside.unsafeMode();
  beside.pragma('writable_schema = ON');
  const pages = connection.prepare<[], bigint>('PRAGMA page_count').pluck();
  const pageSize = BigInt(connection.pragma('page_size', { simple: true }) as bigint);
  const remedy = `stop every server that uses it; then restore a backup, or, to go on with this file, move ${path}-wal away`;
  let stats = look();
  let changedAt: number | undefined = performance.now();
  let content = stats && read();
  let lookedAt = 0;

  function look(): BigIntStats | undefined {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  }

  /** Undefined when the file is no store of ours. */
  function read(): Content | undefined {
    try {
      beside.prepare(`ATTACH ? AS file`).run(uri);
      try {
        return beside
          .prepare<[], Content>('SELECT identity.store, version FROM file.identity, file.counter')
          .get();
      } finally {
        beside.exec('DETACH file');
      }
    } catch {
      return undefined;
    }
  }

  function problem(now: BigIntStats, before: BigIntStats): string | undefined {
    // Only VACUUM of another program makes it shorter.
    if (now.size < before.size && now.size < pages.get()! * pageSize) return 'was truncated';
    const found = read();
    // Where such connections are not to be had, or nothing was moved into the file yet, there is nothing to compare.
    if (found === undefined) return content && 'was overwritten';
    if (content !== undefined && found.store !== content.store) return 'was overwritten by another store';
    if (content !== undefined && found.version < content.version) return 'was overwritten by an older copy';
    content = found;
    return undefined;
  }

  function check(): WasmcpError | undefined {
    lookedAt = performance.now();
    const now = look();
    if (now === undefined || stats === undefined) return undefined;
    if (now.ctimeNs !== stats.ctimeNs) changedAt = performance.now();
    else if (changedAt === undefined || performance.now() - changedAt < SETTLED) return undefined;
    // Once more when its time would be another one.
    else changedAt = undefined;
    let found = problem(now, stats);
    for (let n = 0; found !== undefined && n < PATIENCE; n++) found = problem(now, stats);
    if (found !== undefined) return condemn(path, url, `${path} ${found} while it was open`, remedy);
    stats = now;
    return undefined;
  }

  return {
    check,
    checkNowAndThen: () => (performance.now() - lookedAt < NOW_AND_THEN ? undefined : check()),
    close: () => beside.close(),
  };
}
