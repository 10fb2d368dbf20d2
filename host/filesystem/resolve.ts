import { type BigIntStats, lstatSync, readlinkSync } from 'node:fs';
import { isAbsolute, join, sep } from 'node:path';
import { withErrorCodes } from './error-code.ts';

/** Links that one path may lead through, as on Linux. */
const MAX_LINKS = 40;

/** Where a guest's path leads. */
export interface Resolved {
  /** On this machine; no symbolic link on the way. */
  readonly path: string;
  /** Absent when there is nothing (yet) under the last name. */
  readonly stats: BigIntStats | undefined;
  /** The path was written as that of a directory: with a slash or a dot at its end. */
  readonly asDirectory: boolean;
  /** The path leads to the folder that it started from. */
  readonly isBase: boolean;
}

/**
 * Follows a guest's path from a folder, name by name, and never out of it: neither by `..` nor by an absolute path nor
 * by a symbolic link. Throws an `error-code` of `wasi:filesystem/types`, `not-permitted` for a way out.
 *
 * What was looked at holds, also for as long as a directory is open, because a symbolic link never comes to where none was:
 * guests can neither make links nor move them, nor a directory that contains one. Other programs that do so in a folder at
 * the same time are trusted.
 */
export function resolve(base: string, path: string, followLast: boolean): Resolved {
  if (path === '') throw 'no-entry';
  if (path.includes('\0')) throw 'invalid';
  if (path.startsWith('/') || isAbsolute(path)) throw 'not-permitted';
  let pending = path.split('/');
  const last = pending.at(-1)!;
  const asDirectory = last === '' || last === '.' || last === '..';
  const names: string[] = [];
  let stats = look(base);
  let links = 0;

  while (pending.length > 0) {
    const name = pending.shift()!;
    if (stats === undefined) {
      if (pending.length === 0 && name === '') break;
      throw 'no-entry';
    }
    if (!stats.isDirectory()) throw 'not-directory';
    if (name === '' || name === '.') continue;
    if (name === '..') {
      if (names.pop() === undefined) throw 'not-permitted';
      stats = look(join(base, ...names));
      continue;
    }
    // On Windows a name could hold a separator or a drive.
    if (sep === '\\' && /[\\:]/.test(name)) throw 'not-permitted';
    const here = join(base, ...names, name);
    const found = look(here);
    if (found?.isSymbolicLink() && (followLast || pending.length > 0)) {
      if (++links > MAX_LINKS) throw 'loop';
      const target = withErrorCodes(() => readlinkSync(here));
      if (isAbsolute(target)) throw 'not-permitted';
      pending = [...target.split('/'), ...pending];
    } else {
      names.push(name);
      stats = found;
    }
  }
  return { path: join(base, ...names), stats, asDirectory, isBase: names.length === 0 };
}

function look(path: string): BigIntStats | undefined {
  return withErrorCodes(() => lstatSync(path, { bigint: true, throwIfNoEntry: false }));
}
