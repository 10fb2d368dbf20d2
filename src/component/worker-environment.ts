import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';

/**
 * The environment of this process for a thread of ours. Node keeps what it compiles in a folder, if this thread does, only
 * for threads that are told of the folder.
 */
export function workerEnvironment(): NodeJS.ProcessEnv {
  const folder = getCompileCacheDir();
  return folder === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: dirname(folder) };
}
