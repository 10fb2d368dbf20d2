import { type FileHandle, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { WasmcpError } from '../../host/index.ts';
import { ENTRY_SUFFIX } from './cache.ts';
import { readKey } from './cache-entry.ts';
import { reasonNotTrusted, userCacheFolder } from './cache-folder.js';

/** A file of the cache. */
export interface CacheFile {
  readonly path: string;
  readonly size: number;
  /** When it was written, in milliseconds since 1970. */
  readonly written: number;
  /** SHA-256 of the component that it was made of; undefined for a file that was not written completely. */
  readonly digest: string | undefined;
  /** Whether this version of the program, with this transpiler, would use it. */
  readonly isCurrent: boolean;
}

const TEMPORARY = /^\.[0-9a-f-]{36}\.tmp$/;
/** Milliseconds after which a temporary file was left behind by a program that was killed. */
const ABANDONED = 60 * 60_000;
/** Bytes of an entry that contain its key. */
const HEAD = 4096;

/**
 * The folder of the cache.
 *
 * @throws WasmcpError `cache-unusable` if there is none, or if others may write to it
 */
export async function cacheFolder(asked: string | undefined): Promise<string> {
  const folder = asked ?? userCacheFolder();
  if (folder === undefined)
    throw new WasmcpError('cache-unusable', 'there is no home folder: use --cache-dir');
  const status = await stat(folder).catch(() => undefined);
  const problem = status && reasonNotTrusted(status);
  if (problem === undefined) return folder;
  throw new WasmcpError('cache-unusable', `the cache folder ${folder} is not used: ${problem}`);
}

/** The entries in the folder, the newest first; none if it does not exist. `suffix` is that of the keys of this version. */
export async function cacheFiles(folder: string, suffix: string): Promise<CacheFile[]> {
  const names = await namesIn(folder);
  const files = names
    .filter((name) => name.endsWith(ENTRY_SUFFIX))
    .map((name) => fileOf(join(folder, name), suffix));
  const found = (await Promise.all(files)).filter((file) => file !== undefined);
  return found.sort((a, b) => b.written - a.written);
}

/**
 * Deletes all entries, and what programs that were killed have left. Programs that run keep what they loaded. Returns what was
 * deleted.
 */
export async function clearCache(
  folder: string,
): Promise<{ readonly files: number; readonly bytes: number }> {
  const done = { files: 0, bytes: 0 };
  for (const name of await namesIn(folder)) {
    const path = join(folder, name);
    const status = await stat(path).catch(() => undefined);
    if (status === undefined) continue;
    const isAbandoned = TEMPORARY.test(name) && Date.now() - status.mtimeMs > ABANDONED;
    if (!name.endsWith(ENTRY_SUFFIX) && !isAbandoned) continue;
    await rm(path, { force: true });
    done.files += 1;
    done.bytes += status.size;
  }
  return done;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new WasmcpError('cache-unusable', `the cache folder cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Undefined for a file that is gone. */
async function fileOf(path: string, suffix: string): Promise<CacheFile | undefined> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const { size, mtimeMs: written } = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD), 0, HEAD, 0);
    const key = readKey(buffer.subarray(0, bytesRead));
    return {
      path,
      size,
      written,
      digest: key?.split(' ', 1)[0],
      isCurrent: key?.endsWith(` ${suffix}`) ?? false,
    };
  } catch {
    return undefined;
  } finally {
    await file?.close();
  }
}
