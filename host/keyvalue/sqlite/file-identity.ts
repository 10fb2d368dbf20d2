import { type BigIntStats, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { WasmcpError } from '../../error.ts';

/** The identity (device and inode) of each file of an open database. */
export interface StoreFiles {
  /** `store-broken` if one of the files was deleted or replaced. */
  check(): WasmcpError | undefined;
  /**
   * The same for the price of one `stat` of their folder, as long as no name was created or removed in it. For each commit: a
   * second process that has created another `-shm` shares no lock with this one, and this commit could overwrite what it
   * has acknowledged.
   */
  quickCheck(): WasmcpError | undefined;
  /** Whether every file but the log is unchanged. */
  onlyLogIsGone(): boolean;
}

/** Milliseconds after which a changed folder is certain to have a new timestamp: file systems count in ticks of up to 10 ms. */
const SETTLED = 50;

/**
 * Records the identity of the files of the database at `path`, a real path, which some connection must have open, so that
 * SQLite neither creates nor deletes any of them: the log and the `-shm` disappear only with the last connection. Uses only
 * `stat`: closing a descriptor of the database or its `-shm` would drop this process's locks.
 */
export function rememberFiles(path: string, url: string): StoreFiles {
  const given = url.replace(/^sqlite:/, '');
  const names = new Set([path, `${path}-wal`, `${path}-shm`, given]);
  const files = [...names].map((name) => ({ name, known: tryStat(name) }));
  const folder = dirname(path);
  /** The folder as it was when all files were unchanged and its own timestamp had settled. */
  let settled: BigIntStats | undefined;
  let seen: { readonly stats: BigIntStats; readonly at: number } | undefined;

  function check(): WasmcpError | undefined {
    // Before the files: any later change changes the folder again.
    const now = tryStat(folder);
    for (const { name, known } of files) {
      const file = tryStat(name);
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
    quickCheck() {
      // Windows updates a folder's timestamp late, and does not allow to remove an open file.
      if (settled === undefined || process.platform === 'win32') return check();
      const now = tryStat(folder);
      return now === undefined || changed(settled, now) ? check() : undefined;
    },
    onlyLogIsGone: () =>
      files.every(({ name, known }) => name.endsWith('-wal') || isSame(tryStat(name), known)),
  };
}

/**
 * The content of a file of the database at `path` is lost, which only some processes can see, and only until the next
 * checkpoint. Deletes the `-shm`, which the next start rebuilds from the log, so that all of them stop.
 */
export function condemn(path: string, url: string, what: string, remedy?: string): WasmcpError {
  try {
    rmSync(`${path}-shm`, { force: true });
  } catch {
    // The folder is not writable: each process has to detect it by itself.
  }
  return lost(url, what, remedy);
}

/** The failure of a store that can no longer guarantee anything. */
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

/** An unreachable file counts as deleted. */
function tryStat(name: string): BigIntStats | undefined {
  try {
    return statSync(name, { bigint: true });
  } catch {
    return undefined;
  }
}
