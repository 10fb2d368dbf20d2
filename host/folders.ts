import { lstatSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Creates a folder and its missing parents, accessible by the owner only (0700). Returns the topmost one that it created.
 *
 * Calls `mkdir` for each: Node's `recursive` never ends, not even by a signal, if a parent exists but fails every `mkdir` with
 * ENOENT, as below `/proc`.
 *
 * @throws the error of `mkdir`; its message names the folder
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
    // It exists already, or another process was faster.
    if (!isFolder(folder)) throw error;
  }
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
