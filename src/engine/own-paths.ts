import { existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';
import type { ProtectedPath } from '../../host/index.ts';
import type { LoadedComponent } from '../component/component.ts';
import { userCacheFolder } from '../loader/cache-folder.js';

/** Where our own code is: what a guest could write there would run at the next start. */
const CODE: readonly ProtectedPath[] = ['../../host', '../../src', '../../bin'].map((folder) => ({
  path: fileURLToPath(new URL(folder, import.meta.url)),
  kind: 'folder',
}));

/**
 * What guests get at by none of their folders: the store, the component, the caches, our own code, and `more`. Guests that
 * read the store would read the sessions of all clients; what they write into a cache would run in the host.
 */
export function ownPaths(
  { source, cacheFolder }: Pick<LoadedComponent, 'source' | 'cacheFolder'>,
  storeUrl: string,
  more: readonly ProtectedPath[] = [],
): ProtectedPath[] {
  const database = /^sqlite:(.+)$/is.exec(storeUrl)?.[1];
  const caches = [cacheFolder, userCacheFolder(), module.getCompileCacheDir()];
  const component = source.startsWith('file:') ? fileURLToPath(source) : source;
  return [
    ...(database === undefined ? [] : [{ path: database, kind: 'database' } as const]),
    // Not each source is a path: a URL, standard input, bytes.
    ...(existsSync(component) ? [{ path: component, kind: 'file' } as const] : []),
    ...caches.flatMap((path) => (path === undefined ? [] : [{ path, kind: 'folder' } as const])),
    ...CODE,
    ...more,
  ];
}
