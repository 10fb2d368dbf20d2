import type { Stats } from 'node:fs';

/** Where the user's cache is: `$XDG_CACHE_HOME`, `~/.cache`, or what the platform has instead; undefined for a user without a home. */
export function userCacheFolder(environment?: NodeJS.ProcessEnv): string | undefined;

/**
 * Why what is in a file or folder must not be run, human-readable; undefined when nobody else can write there. Windows has no
 * modes to ask.
 */
export function reasonNotTrusted(status: Stats): string | undefined;
