import { randomUUID } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  linkSync,
  openSync,
  rmSync,
  type Stats,
  statfsSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { WasmcpError } from '../../error.ts';
import { makeFolders } from '../../folders.ts';

/** Linux file systems (statfs(2) `f_type`) whose locks and shared memory do not reach other machines. */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x01021997, '9P'],
  [0x5346414f, 'AFS'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x73757245, 'Coda'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
]);

/** The name of the network file system with this statfs(2) type, if it is one. */
export function networkFileSystem(type: number): string | undefined {
  return NETWORK_FILE_SYSTEMS.get(type);
}

/**
 * Ensures that `path` is a file that SQLite can write: creates missing folders (0700), and a missing file as an empty one
 * (0600; SQLite gives its `-wal` and `-shm` the same mode). Keeps existing modes. Returns whether the file exists now; if
 * not, SQLite has to create it.
 *
 * @throws WasmcpError `store-unusable`
 */
export function prepareFile(path: string, url: string, allowNetworkFileSystem: boolean): boolean {
  const folder = dirname(path);
  try {
    const made = makeFolders(folder);
    if (made !== undefined) syncFolders(folder, dirname(made));
    if (!allowNetworkFileSystem) refuseNetworkFileSystem(folder, url);
    const stats = statOf(path) ?? createPrivately(path);
    if (stats !== undefined && !stats.isFile()) {
      const kind = stats.isDirectory() ? 'a folder' : 'not a regular file';
      throw new WasmcpError('store-unusable', `${url} is ${kind}: choose another path`);
    }
    // SQLite would open it read-only and fail at the first write.
    if (stats !== undefined) accessSync(path, constants.R_OK | constants.W_OK);
    return stats !== undefined;
  } catch (error) {
    if (error instanceof WasmcpError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new WasmcpError(
      'store-unusable',
      `${url} cannot be used: check the permissions of its folder, or choose another path (${reason})`,
      { cause: error },
    );
  }
}

/**
 * Ensures that the entries of `path`'s folder survive a power failure.
 *
 * @throws WasmcpError `store-unusable`
 */
export function syncFolder(path: string, url: string): void {
  try {
    syncFolders(dirname(path), dirname(path));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new WasmcpError('store-unusable', `${url} cannot be synced to its disk: ${reason}`, {
      cause: error,
    });
  }
}

/** Syncs `folder` and those above it, up to `last`. */
function syncFolders(folder: string, last: string): void {
  // Windows cannot open folders, and makes names durable by itself.
  if (process.platform === 'win32') return;
  for (let current = folder; ; current = dirname(current)) {
    const descriptor = openSync(current, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    if (current === last || current === dirname(current)) return;
  }
}

function refuseNetworkFileSystem(folder: string, url: string): void {
  if (process.platform !== 'linux') return;
  const name = networkFileSystem(statfsSync(folder).type);
  if (name === undefined) return;
  throw new WasmcpError(
    'store-unusable',
    `${url} is on a network file system (${name}), where SQLite can lose data: choose a local disk`,
  );
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

/**
 * Creates the file without ever opening it under its final name: closing any descriptor of a file drops all of this
 * process's POSIX locks on it, including those of another thread's SQLite connection
 * (https://sqlite.org/howtocorrupt.html, section 2.2).
 */
function createPrivately(path: string): Stats | undefined {
  const temporary = `${path}.${randomUUID()}`;
  closeSync(openSync(temporary, 'wx', 0o600));
  try {
    linkSync(temporary, path);
  } catch {
    // Either another process was faster, or the file system has no hard links (FAT, exFAT); such a one has no modes
    // either, so SQLite may create the file.
  } finally {
    rmSync(temporary);
  }
  return statOf(path);
}
