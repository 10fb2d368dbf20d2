import { type BigIntStats, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { WasmcpError } from '../../error.ts';

/** The files of an open database, remembered. `store-broken` when one was deleted or replaced. */
export interface StoreFiles {
  /** Looks at each of them. */
  check(): WasmcpError | undefined;
  /**
   * The same at the price of one look at their folder, as long as no name in it was made or removed. For each commit: a second
   * process that has made the `-shm` anew shares no lock with this one, and what is committed now could overwrite what it
   * has acknowledged.
   */
  glance(): WasmcpError | undefined;
  /** Whether all but the log are where they were. */
  onlyLogIsGone(): boolean;
}

/** Milliseconds after which a folder that changes has another time: file systems count in ticks of up to 10 ms. */
const SETTLED = 50;

/**
 * Remembers which files the database at `path`, a real path, consists of. Some connection has it open, so that none of them
 * is made or removed by SQLite: the log and the `-shm` go away with the last connection only. By `stat` alone: closing a
 * descriptor of the database or its `-shm` would drop this process's locks.
 */
export function rememberFiles(path: string, url: string): StoreFiles {
  const asked = url.replace(/^sqlite:/, '');
  const names = new Set([path, `${path}-wal`, `${path}-shm`, asked]);
  const files = [...names].map((name) => ({ name, known: look(name) }));
  const folder = dirname(path);
  /** The folder as it was when all files were seen after it had not changed for a while. */
  let settled: BigIntStats | undefined;
  let seen: { readonly stats: BigIntStats; readonly at: number } | undefined;

  function check(): WasmcpError | undefined {
    // Before the files: what changes from now on changes the folder again.
    const now = look(folder);
    for (const { name, known } of files) {
      const file = look(name);
      if (isSame(file, known)) continue;
      return lost(url, `${name} was ${file === undefined ? 'deleted' : 'replaced'} while it was open`);
    }
    if (now === undefined) return undefined;
    if (seen === undefined || changed(seen.stats, now)) seen = { stats: now, at: performance.now() };
    else if (performance.now() - seen.at > SETTLED) settled = now;
    return undefined;
  }

  return {
    check,
    glance() {
      // Windows counts the changes of a folder late, and lets nobody remove what is open.
      if (settled === undefined || process.platform === 'win32') return check();
      const now = look(folder);
      return now === undefined || changed(settled, now) ? check() : undefined;
    },
    onlyLogIsGone: () => files.every(({ name, known }) => name.endsWith('-wal') || isSame(look(name), known)),
  };
}

/**
 * The content of a file of the database at `path` is lost, which only some of its users see, and only until the next checkpoint.
 * Without the name of the `-shm`, which the next start makes again from the log, all of them stop.
 */
export function condemn(path: string, url: string, what: string, remedy?: string): WasmcpError {
  try {
    rmSync(`${path}-shm`, { force: true });
  } catch {
    // The folder may not be written: each of them has to see for itself.
  }
  return lost(url, what, remedy);
}

/** The store can promise nothing any more. */
export function lost(
  url: string,
  what: string,
  remedy = 'stop every server that uses it, then start again',
): WasmcpError {
  return new WasmcpError('store-broken', `${url} is lost: ${what}; ${remedy}`);
}

function isSame(one: BigIntStats | undefined, other: BigIntStats | undefined): boolean {
  return one !== undefined && one.ino === other?.ino && one.dev === other.dev;
}

function changed(one: BigIntStats, other: BigIntStats): boolean {
  return one.mtimeNs !== other.mtimeNs || !isSame(one, other);
}

/** What cannot be reached is as good as deleted. */
function look(name: string): BigIntStats | undefined {
  try {
    return statSync(name, { bigint: true });
  } catch {
    return undefined;
  }
}
