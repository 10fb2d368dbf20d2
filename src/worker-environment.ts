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

/**
 * Arguments of Node for one of our threads. It must not inherit those of the program that uses the library (`--eval`,
 * `--import`); in a checkout, it loads its files as this thread does.
 */
export function workerArguments(): string[] {
  return import.meta.url.endsWith('.ts') ? ['--import', new URL('checkout.js', import.meta.url).href] : [];
}
