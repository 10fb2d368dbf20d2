// Imported as a whole, so that an older Node gets far enough to report that it is too old.
import module from 'node:module';
import { dirname } from 'node:path';

/**
 * The environment of this process for one of our threads. Node uses the compile cache of this thread only in threads that get
 * its folder in their environment.
 */
export function workerEnvironment(): NodeJS.ProcessEnv {
  const folder = module.getCompileCacheDir();
  return folder === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: dirname(folder) };
}
