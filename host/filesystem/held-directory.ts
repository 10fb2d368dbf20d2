import { type BigIntStats, closeSync, constants, fstatSync, openSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Whether a folder can be held open, so that a path through it leads to the same folder even if folders are renamed. Node has
 * no `openat`; on Linux the kernel's links in `/proc/self/fd` serve the same purpose.
 */
export function canHoldFolders(): boolean {
  return process.platform === 'linux';
}

/** `O_PATH` of Linux, which Node does not define: opens a location, not its content. */
const O_PATH = 0o10000000;

/** A folder whose entries are accessed through it. */
export interface Directory {
  /** The path below which its entries are. */
  readonly path: string;
  /** The identity of the folder, see `identityOf`. */
  identity(): string;
  close(): void;
}

/** Throws the error of `node:fs` if `path` is not a folder, or is a symbolic link to one. */
export function openDirectory(path: string): Directory {
  if (canHoldFolders())
    return new Held(openSync(path, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW));
  return { path, identity: () => identityOf(statSync(path, { bigint: true })), close() {} };
}

/** Identifies a file or folder under any name. */
export function identityOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

class Held implements Directory {
  readonly path: string;
  readonly #descriptor: number;
  #identity: string | undefined;

  constructor(descriptor: number) {
    this.path = `/proc/self/fd/${descriptor}`;
    this.#descriptor = descriptor;
  }

  identity(): string {
    this.#identity ??= identityOf(fstatSync(this.#descriptor, { bigint: true }));
    return this.#identity;
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** Opens a folder by its real path. Throws `no-entry` if that path now contains a symbolic link. */
export function openRealDirectory(path: string): Directory {
  const directory = openDirectory(path);
  // The kernel's link names the folder that was opened.
  if (!canHoldFolders() || readlinkSync(directory.path) === path) return directory;
  directory.close();
  throw 'no-entry';
}

/** The path of an entry; `.` is the folder itself. */
export function entryOf({ path }: Directory, name: string): string {
  // Not `join`, which would remove a dot: the path would name the kernel's link instead of the folder.
  return canHoldFolders() ? `${path}/${name}` : join(path, name);
}
