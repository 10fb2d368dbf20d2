import { mkdirSync, statSync } from 'node:fs';
// Imported as a whole, so that a Node without these functions gets far enough to report that it is too old.
import module from 'node:module';
import { join } from 'node:path';
import { reasonNotTrusted, userCacheFolder } from '../src/loader/cache-folder.js';

/** Milliseconds after which the compiled code of a start is written, because it would be lost if the process were killed. */
const START = 3000;

/**
 * Keeps compiled code in the user's cache folder, so that the next start is faster. If that folder cannot be used or trusted,
 * nothing is kept.
 */
export function keepCompiledCode() {
  const folder = userCacheFolder();
  if (folder === undefined) return;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (reasonNotTrusted(statSync(folder)) !== undefined) return;
  } catch {
    return;
  }
  module.enableCompileCache(join(folder, 'code'));
  setTimeout(module.flushCompileCache, START).unref();
}
