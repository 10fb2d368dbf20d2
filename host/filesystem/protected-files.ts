import { type BigIntStats, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { ProtectedPath } from '../options.ts';
import { withErrorCodes } from './error-code.ts';
import { type Directory, identityOf } from './held-directory.ts';

/** Suffixes of the files that SQLite opens beside a database, and of the lock for opening it. */
const BESIDE_DATABASE = ['-wal', '-shm', '-journal', '-opening'];
/** Milliseconds after which the folders are looked up again: other processes may have moved them; guests cannot. */
const REFRESH = 1000;
/** Whether file names are case-insensitive on this system. */
const IGNORES_CASE = process.platform === 'darwin' || process.platform === 'win32';

/**
 * The role of a folder's entry: guests cannot access what is `protected`, and cannot move an `ancestor`, a folder on the path to
 * something protected.
 */
export type Role = 'protected' | 'ancestor' | undefined;

/** Files and folders that guests must not access, some of which may lie below preopened folders. */
export interface ProtectedFiles {
  /**
   * The role of `name` in `folder`; `stats` are those of the entry, if it exists. Decided by name, as files may be created
   * later, and by identity, as there may be hard links.
   */
  role(folder: Directory, name: string, stats: BigIntStats | undefined): Role;
}

const NONE: ProtectedFiles = { role: () => undefined };

export function protectedFiles(paths: readonly ProtectedPath[]): ProtectedFiles {
  if (paths.length === 0) return NONE;
  let table = createTable(paths);
  let made = performance.now();
  return {
    role(folder, name, stats) {
      if (performance.now() - made > REFRESH) {
        table = createTable(paths);
        made = performance.now();
      }
      if (stats !== undefined && table.files.has(identityOf(stats))) return 'protected';
      const here = table.folders.get(withErrorCodes(() => folder.identity()));
      return here === undefined ? undefined : roleByName(here, fold(name));
    },
  };
}

/** The real path of a file, even if it, or folders above it, do not exist yet. */
export function realPath(path: string): string {
  const absolute = resolve(path);
  try {
    return realpathSync(absolute);
  } catch {
    const above = dirname(absolute);
    return above === absolute ? absolute : join(realPath(above), basename(absolute));
  }
}

interface Names {
  readonly roles: Map<string, Role>;
  /** Names of databases; a name that begins with one of these belongs to it. */
  readonly databases: string[];
}

interface Table {
  readonly folders: Map<string, Names>;
  /** Identities of the files and folders themselves. */
  readonly files: Set<string>;
}

function createTable(paths: readonly ProtectedPath[]): Table {
  const table: Table = { folders: new Map(), files: new Set() };
  for (const { path, kind } of paths) {
    // A symbolic link on the path is protected like its target.
    for (const spelling of new Set([resolve(path), realPath(path)])) {
      const names = enter(table, spelling, 'protected');
      if (kind === 'database') names?.databases.push(fold(basename(spelling)));
      for (let above = dirname(spelling); above !== dirname(above); above = dirname(above)) {
        enter(table, above, 'ancestor');
      }
    }
    for (const end of kind === 'database' ? ['', ...BESIDE_DATABASE] : ['']) {
      const known = identity(path + end);
      if (known !== undefined) table.files.add(known);
    }
  }
  return table;
}

function enter({ folders }: Table, path: string, role: Role): Names | undefined {
  const folder = identity(dirname(path));
  if (folder === undefined) return undefined;
  let names = folders.get(folder);
  if (names === undefined) {
    names = { roles: new Map(), databases: [] };
    folders.set(folder, names);
  }
  const name = fold(basename(path));
  if (names.roles.get(name) !== 'protected') names.roles.set(name, role);
  return names;
}

function roleByName({ roles, databases }: Names, name: string): Role {
  if (databases.some((database) => name.startsWith(`${database}-`) || name.startsWith(`${database}.`))) {
    return 'protected';
  }
  return roles.get(name);
}

function fold(name: string): string {
  return IGNORES_CASE ? name.toLowerCase() : name;
}

/** Uses `stat` only: closing a descriptor of a database would drop this process's locks on it. */
function identity(path: string): string | undefined {
  try {
    return identityOf(statSync(path, { bigint: true }));
  } catch {
    return undefined;
  }
}
