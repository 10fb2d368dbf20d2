import { type BigIntStats, lstatSync, readlinkSync } from 'node:fs';
import { isAbsolute, sep } from 'node:path';
import { withErrorCodes } from './error-code.ts';
import { type Directory, entryOf, openDirectory } from './held-directory.ts';
import type { ProtectedFiles, Role } from './protected-files.ts';
import { isRefusedOnWindows } from './windows-names.ts';

/** Maximum size of a path in bytes, as on Linux (PATH_MAX). */
const MAX_PATH = 4095;

/** Maximum number of symbolic links in one path, as on Linux. */
const MAX_LINKS = 40;

/** Where a guest's path leads. */
export interface Found {
  /** Path on this machine, without symbolic links. Only valid during the walk. */
  readonly path: string;
  /** Undefined if there is no such entry (yet). */
  readonly stats: BigIntStats | undefined;
  /** The path was written as that of a directory: it ends with a slash or a dot. */
  readonly asDirectory: boolean;
  /** The path leads to the folder that it started from. */
  readonly isBase: boolean;
  /** Number of levels of the entry's folder below the folder where the path started. */
  readonly depth: number;
  /** See `ProtectedFiles`. */
  readonly role: Role;
}

export interface WalkOptions {
  /** The folder where the path starts. */
  readonly from: Directory;
  /** Whether to follow a symbolic link at the end of the path. */
  readonly followLast: boolean;
  readonly protectedFiles: ProtectedFiles;
}

/**
 * Follows a guest's path from a folder, name by name, and never out of it: neither by `..` nor by an absolute path nor by a
 * symbolic link. Throws an `error-code` of `wasi:filesystem/types`; `not-permitted` for a path that leads out or into a
 * protected folder.
 *
 * Holds each folder on the path open until `use` has returned, so that a link that replaces one meanwhile is not followed. Where
 * folders cannot be held open, guests cannot create links, see `PathOperations.symlink`.
 */
export function walk<T>(path: string, options: WalkOptions, use: (found: Found) => T): T {
  if (path === '') throw 'no-entry';
  if (path.length > MAX_PATH || Buffer.byteLength(path) > MAX_PATH) throw 'name-too-long';
  if (path.includes('\0')) throw 'invalid';
  if (path.startsWith('/') || isAbsolute(path)) throw 'not-permitted';
  const trail = new Trail(options);
  try {
    return use(follow(trail, path.split('/'), options.followLast));
  } finally {
    trail.close();
  }
}

function follow(trail: Trail, names: string[], followLast: boolean): Found {
  const last = names.at(-1)!;
  const asDirectory = last === '' || last === '.' || last === '..';
  let pending = names;
  let links = 0;
  let entry: Entry | undefined;
  while (pending.length > 0) {
    const name = pending.shift()!;
    if (entry !== undefined) {
      if (entry.stats === undefined && pending.length === 0 && name === '') break;
      requireDirectory(entry);
    }
    if (name === '' || name === '.') continue;
    if (name === '..') {
      if (entry === undefined) trail.leave();
      entry = undefined;
      continue;
    }
    if (sep === '\\' && isRefusedOnWindows(name)) throw 'not-permitted';
    if (entry !== undefined) trail.enter(entry);
    entry = trail.stat(name);
    if (!entry.stats?.isSymbolicLink() || (!followLast && pending.length === 0)) continue;
    if (++links > MAX_LINKS) throw 'loop';
    const target = withErrorCodes(() => readlinkSync(trail.path(name)));
    if (isAbsolute(target)) throw 'not-permitted';
    pending = [...target.split('/'), ...pending];
    entry = undefined;
  }
  return trail.found(entry, asDirectory);
}

interface Entry {
  readonly name: string;
  readonly stats: BigIntStats | undefined;
}

function requireDirectory({ stats }: Entry): void {
  if (stats === undefined) throw 'no-entry';
  if (!stats.isDirectory()) throw 'not-directory';
}

/** The folders on the path of a walk. */
class Trail {
  readonly #protectedFiles: ProtectedFiles;
  readonly #steps: { readonly name: string; readonly directory: Directory }[];

  constructor({ from, protectedFiles }: WalkOptions) {
    this.#protectedFiles = protectedFiles;
    this.#steps = [{ name: '.', directory: from }];
  }

  stat(name: string): Entry {
    return {
      name,
      stats: withErrorCodes(() => lstatSync(this.path(name), { bigint: true, throwIfNoEntry: false })),
    };
  }

  path(name: string): string {
    return entryOf(this.#here, name);
  }

  enter({ name, stats }: Entry): void {
    if (this.#protectedFiles.role(this.#here, name, stats) === 'protected') throw 'not-permitted';
    const directory = withErrorCodes(() => openDirectory(this.path(name)));
    this.#steps.push({ name, directory });
  }

  leave(): void {
    if (this.#steps.length === 1) throw 'not-permitted';
    this.#steps.pop()!.directory.close();
  }

  /** The result of the walk: an entry of the current folder, or the folder itself. */
  found(entry: Entry | undefined, asDirectory: boolean): Found {
    const isBase = entry === undefined && this.#steps.length === 1;
    const { name, stats } = entry ?? this.stat(isBase ? '.' : this.#stepBack());
    const role = isBase ? undefined : this.#protectedFiles.role(this.#here, name, stats);
    return { path: this.path(name), stats, asDirectory, isBase, depth: this.#steps.length - 1, role };
  }

  close(): void {
    while (this.#steps.length > 1) this.leave();
  }

  get #here(): Directory {
    return this.#steps.at(-1)!.directory;
  }

  #stepBack(): string {
    const { name } = this.#steps.at(-1)!;
    this.leave();
    return name;
  }
}

/** Throws `no-entry` if the entry does not exist. */
export function existing(found: Found): BigIntStats {
  if (found.stats === undefined) throw 'no-entry';
  return found.stats;
}

/** Throws `not-permitted` for a protected entry. */
export function refuseProtected({ role }: Found): void {
  if (role === 'protected') throw 'not-permitted';
}

/** Throws `not-permitted` for a protected entry and for folders on the path to one, which must not be moved. */
export function refuseMove({ role }: Found): void {
  if (role !== undefined) throw 'not-permitted';
}
