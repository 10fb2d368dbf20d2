import { type BigIntStats, lstatSync, readlinkSync } from 'node:fs';
import { isAbsolute, sep } from 'node:path';
import { withErrorCodes } from './error-code.ts';
import { type Directory, entryOf, openDirectory } from './held-directory.ts';
import type { ProtectedFiles, Role } from './protected-files.ts';
import { isRefusedOnWindows } from './windows-names.ts';

/** Most bytes of a path, as on Linux. */
const MAX_PATH = 4095;

/** Links that one path may lead through, as on Linux. */
const MAX_LINKS = 40;

/** Where a guest's path leads. */
export interface Found {
  /** On this machine; no symbolic link on the way. Not to be used after the walk. */
  readonly path: string;
  /** Absent when there is nothing (yet) under the last name. */
  readonly stats: BigIntStats | undefined;
  /** The path was written as that of a directory: with a slash or a dot at its end. */
  readonly asDirectory: boolean;
  /** The path leads to the folder that it started from. */
  readonly isBase: boolean;
  /** How many folders the one that it lies in is below the folder that it started from. */
  readonly depth: number;
  /** What it is to the host; see `ProtectedFiles`. */
  readonly role: Role;
}

export interface WalkOptions {
  /** Where it starts. */
  readonly from: Directory;
  /** Follow a symbolic link that is last. */
  readonly followLast: boolean;
  readonly protectedFiles: ProtectedFiles;
}

/**
 * Follows a guest's path from a folder, name by name, and never out of it: neither by `..` nor by an absolute path nor
 * by a symbolic link. Throws an `error-code` of `wasi:filesystem/types`, `not-permitted` for a way out and for what lies in
 * a folder of the host's own.
 *
 * Each folder on the way is held until `use` has returned, so that a link that comes in place of one meanwhile is not
 * followed. Where folders cannot be held guests make no links, see `Descriptor.symlinkAt`.
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
    entry = trail.look(name);
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

/** The folders that a walk has come through. */
class Trail {
  readonly #protectedFiles: ProtectedFiles;
  readonly #steps: { readonly name: string; readonly directory: Directory }[];

  constructor({ from, protectedFiles }: WalkOptions) {
    this.#protectedFiles = protectedFiles;
    this.#steps = [{ name: '.', directory: from }];
  }

  look(name: string): Entry {
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

  /** What the walk has come to: an entry of this folder, or else the folder itself. */
  found(entry: Entry | undefined, asDirectory: boolean): Found {
    const isBase = entry === undefined && this.#steps.length === 1;
    const { name, stats } = entry ?? this.look(isBase ? '.' : this.#stepBack());
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

/** Throws `no-entry` where there is nothing. */
export function existing(found: Found): BigIntStats {
  if (found.stats === undefined) throw 'no-entry';
  return found.stats;
}

/** Throws `not-permitted` for what the host itself uses. */
export function refuseProtected({ role }: Found): void {
  if (role === 'protected') throw 'not-permitted';
}

/** What the host itself uses stays where it is, and so do the folders on the way to it. */
export function refuseMove({ role }: Found): void {
  if (role !== undefined) throw 'not-permitted';
}
