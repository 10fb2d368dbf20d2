import type { Stats } from 'node:fs';

/**
 * The user's cache folder: `$XDG_CACHE_HOME`, `~/.cache`, or the platform's equivalent; undefined for a user without a home.
 */
export function userCacheFolder(environment?: NodeJS.ProcessEnv): string | undefined;

/** Whether no earlier start has left anything in the user's cache folder, neither components nor compiled code. */
export function isFirstStart(): boolean;

/**
 * Why the contents of a file or folder must not be run, human-readable; undefined if no other user can write there. Windows
 * has no modes to check.
 */
export function reasonNotTrusted(status: Stats): string | undefined;
