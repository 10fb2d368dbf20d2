import { type BigIntStats, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { ProtectedPath } from '../options.ts';
import { withErrorCodes } from './error-code.ts';
import { type Directory, identityOf } from './held-directory.ts';

/** Names of the files that SQLite opens beside a database: this much is added to its own. */
const BESIDE_DATABASE = ['-wal', '-shm', '-journal'];
/** Milliseconds after which the folders are looked up again: others may have moved them; guests cannot. */
const REFRESH = 1000;
/** Systems that find a file also by other spellings of its name. */
const IGNORES_CASE = process.platform === 'darwin' || process.platform === 'win32';

/**
 * What an entry of a folder is to the host: `own` is refused to guests, `above` is a folder on the way to something of its
 * own, which must stay where it is.
 */
export type Role = 'protected' | 'ancestor' | undefined;

/** The files and folders that the host itself uses, some of which may come to lie within reach of guests. */
export interface ProtectedFiles {
  /**
   * The role of `name` in `folder`; `stats` are those of what is there, if anything is. By name, as files may be made
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

/** Where a path leads, also when the end of it does not exist yet. */
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
  /** Everything whose name begins so belongs to a database. */
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
    // A symbolic link on the way is as good as what it leads to.
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

/** Looks without opening: closing a descriptor of a database would drop the locks that this process has on it. */
function identity(path: string): string | undefined {
  try {
    return identityOf(statSync(path, { bigint: true }));
  } catch {
    return undefined;
  }
}
