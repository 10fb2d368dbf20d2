import { hash, randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolders, WasmcpError } from '../../host/index.ts';
import { type CachedComponent, decodeEntry, encodeEntry } from './cache-entry.ts';
import { reasonNotTrusted, userCacheFolder } from './cache-folder.js';

/** The end of the name of each entry's file. */
export const ENTRY_SUFFIX = '.component';

/** Transpiled components on disk, one file each. */
export interface Cache {
  /** The entry for this key; undefined if it is missing, damaged, or could have been written by another user. */
  read(key: string): Promise<CachedComponent | undefined>;
  /**
   * Returns the reason if it could not be written. Writes a temporary file and renames it, so readers always see a whole entry.
   *
   * @throws WasmcpError `cache-unusable` if the folder was given explicitly and cannot be used
   */
  write(key: string, component: CachedComponent): Promise<string | undefined>;
}

/**
 * Opens the cache in a folder, by default the user's: `$XDG_CACHE_HOME`, `~/.cache`, or the platform's equivalent.
 * The default folder is a convenience: where it cannot be used (read-only home in CI) components are transpiled again.
 */
export function openCache(asked?: string): Cache {
  const folder = asked ?? userCacheFolder();
  return {
    async read(key) {
      if (folder === undefined) return undefined;
      try {
        if (reasonNotTrusted(await stat(folder)) !== undefined) return undefined;
        return decodeEntry(await readTrusted(entryPath(folder, key)), key);
      } catch (error) {
        if (isSystemError(error)) return undefined;
        throw error;
      }
    },
    async write(key, component) {
      const problem = folder === undefined ? 'there is no home folder' : await store(folder, key, component);
      if (problem === undefined || asked === undefined) return problem;
      throw new WasmcpError('cache-unusable', `the cache folder ${asked} cannot be used: ${problem}`);
    },
  };
}

async function store(folder: string, key: string, component: CachedComponent): Promise<string | undefined> {
  const aside = join(folder, `.${randomUUID()}.tmp`);
  try {
    makeFolders(folder);
    const problem = reasonNotTrusted(await stat(folder));
    if (problem !== undefined) return problem;
    const file = await open(aside, 'wx', 0o600);
    try {
      await file.writeFile(encodeEntry(key, component));
    } finally {
      await file.close();
    }
    await rename(aside, entryPath(folder, key));
    return undefined;
  } catch (error) {
    await rm(aside, { force: true }).catch(() => {});
    if (isSystemError(error)) return error.message;
    throw error;
  }
}

async function readTrusted(path: string): Promise<Uint8Array> {
  const file: FileHandle = await open(path, 'r');
  try {
    return reasonNotTrusted(await file.stat()) === undefined ? await file.readFile() : new Uint8Array();
  } finally {
    await file.close();
  }
}

function entryPath(folder: string, key: string): string {
  return join(folder, `${hash('sha256', key)}${ENTRY_SUFFIX}`);
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && 'syscall' in error;
}
