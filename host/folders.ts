import { lstatSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes the folder and the missing ones above it, for the owner alone. Returns the topmost that it made.
 *
 * One `mkdir` each: node's own `recursive` never ends where a folder's parent exists and refuses every name with ENOENT, as
 * below `/proc`, and no signal stops it.
 *
 * @throws what `mkdir` throws; its message names the folder
 */
export function makeFolders(path: string): string | undefined {
  const missing: string[] = [];
  for (let folder = resolve(path); !exists(folder); folder = dirname(folder)) missing.unshift(folder);
  if (missing.length === 0) make(resolve(path));
  for (const folder of missing) make(folder);
  return missing[0];
}

function make(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // It was there already, or another process was faster.
    if (!isFolder(folder)) throw error;
  }
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
