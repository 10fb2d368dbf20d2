// Imported as a whole, so that an older Node gets far enough to report that it is too old.
import module from 'node:module';
import { dirname } from 'node:path';

/**
 * The environment of this process for a thread of ours. Node keeps what it compiles in a folder, if this thread does, only
 * for threads that get the folder in their environment.
 */
export function workerEnvironment(): NodeJS.ProcessEnv {
  const folder = module.getCompileCacheDir();
  return folder === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: dirname(folder) };
}
