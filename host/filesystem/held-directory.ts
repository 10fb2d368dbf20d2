import { type BigIntStats, closeSync, constants, fstatSync, openSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Whether a folder can be held open, so that a path through it leads to the same folder whatever is renamed meanwhile. Node
 * has no `openat`; on Linux the kernel's links in `/proc/self/fd` do the same.
 */
export function canHoldFolders(): boolean {
  return process.platform === 'linux';
}

/** `O_PATH` of Linux, which Node does not name: a place in the file system, not its content. */
const O_PATH = 0o10000000;

/** A folder through which its entries are reached. */
export interface Directory {
  /** Entries are found below it. */
  readonly path: string;
  /** Which folder it is, see `identityOf`. */
  identity(): string;
  close(): void;
}

/** Throws the error of `node:fs` when `path` is no folder, or a symbolic link to one. */
export function openDirectory(path: string): Directory {
  if (canHoldFolders())
    return new Held(openSync(path, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW));
  return { path, identity: () => identityOf(statSync(path, { bigint: true })), close() {} };
}

/** What a file or folder keeps under every name. */
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

/** Opens a folder by its real path. Throws `no-entry` when a symbolic link is on that path by now. */
export function openRealDirectory(path: string): Directory {
  const directory = openDirectory(path);
  // The kernel names the folder that was opened.
  if (!canHoldFolders() || readlinkSync(directory.path) === path) return directory;
  directory.close();
  throw 'no-entry';
}

/** The path of an entry; `.` is the folder itself. */
export function entryOf({ path }: Directory, name: string): string {
  // Not `join`, which would take a dot away: the kernel's link would be looked at in place of the folder.
  return canHoldFolders() ? `${path}/${name}` : join(path, name);
}
