import { existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';
import { filesOfStore, type ProtectedPath } from '../../host/index.ts';
import type { LoadedComponent } from '../component/component.ts';
import { userCacheFolder } from './cache-folder.js';

/** The folders of this package's code: what a guest could write there would run at the next start. */
const CODE: readonly ProtectedPath[] = ['../../host', '../../src', '../../bin'].map((folder) => ({
  path: fileURLToPath(new URL(folder, import.meta.url)),
  kind: 'folder',
}));

/**
 * Paths that guests cannot access through any of their folders: the store, the component, the caches, this package's code,
 * and `more`. A guest with access to the store could read the sessions of all clients; code in a cache runs in the host.
 */
export function ownPaths(
  { source, cacheFolder }: Pick<LoadedComponent, 'source' | 'cacheFolder'>,
  storeUrl: string,
  more: readonly ProtectedPath[] = [],
): ProtectedPath[] {
  const caches = [cacheFolder, userCacheFolder(), module.getCompileCacheDir()];
  const component = source.startsWith('file:') ? fileURLToPath(source) : source;
  return [
    ...filesOfStore(storeUrl),
    // Some sources are not paths: a URL, standard input, bytes.
    ...(existsSync(component) ? [{ path: component, kind: 'file' } as const] : []),
    ...caches.flatMap((path) => (path === undefined ? [] : [{ path, kind: 'folder' } as const])),
    ...CODE,
    ...more,
  ];
}
