import { realpathSync, statSync } from 'node:fs';
import { isAbsolute, relative, sep } from 'node:path';
import { WasmcpError } from '../error.ts';
import type { Guest } from '../guest.ts';
import type { Implementation, Preopen, ProtectedPath } from '../options.ts';
import { Descriptor } from './descriptor.ts';
import { preopenedFolder } from './guest-folder.ts';
import { type ProtectedFiles, realPath } from './protected-files.ts';

/**
 * Checks the folders of `preopens` and replaces their paths by the real ones.
 *
 * @throws WasmcpError `directory-unusable` if one is not a folder, or lies in a protected folder
 */
export function openPreopens(
  preopens: readonly Preopen[],
  protectedPaths: readonly ProtectedPath[],
): readonly Preopen[] {
  const folders = protectedPaths.filter(({ kind }) => kind === 'folder').map(({ path }) => realPath(path));
  return preopens.map((preopen) => {
    const host = realFolder(preopen.host);
    const around = folders.find((folder) => isWithin(host, folder));
    if (around === undefined) return { ...preopen, host };
    throw new WasmcpError(
      'directory-unusable',
      `${preopen.host} cannot be given to guests: it lies in ${around}, which the server itself uses`,
    );
  });
}

/** Returns one sentence for each preopened folder that contains something protected. */
export function preopenWarnings(
  preopens: readonly Preopen[],
  protectedPaths: readonly ProtectedPath[],
): string[] {
  const paths = protectedPaths.map(({ path }) => realPath(path));
  return preopens.flatMap(({ host }) => {
    const folder = realPath(host);
    const below = [...new Set(paths.filter((path) => isWithin(path, folder)))];
    if (below.length === 0) return [];
    return [
      `guests may use ${host}, which contains files that the server itself uses: they cannot access ${below.join(', ')}`,
    ];
  });
}

function realFolder(path: string): string {
  try {
    const host = realpathSync(path);
    if (statSync(host).isDirectory()) return host;
  } catch (error) {
    throw new WasmcpError('directory-unusable', `cannot use the folder ${path}`, { cause: error });
  }
  throw new WasmcpError('directory-unusable', `${path} is not a folder`);
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || !(way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way));
}

/** `wasi:filesystem/preopens`. */
export function preopens(guest: Guest, folders: readonly Preopen[], files: ProtectedFiles): Implementation {
  return {
    getDirectories: (): [Descriptor, string][] =>
      folders.map(({ host, guest: name, readOnly = false }) => {
        const flags = { read: true, mutateDirectory: !readOnly };
        const folder = preopenedFolder(guest, host);
        return [
          new Descriptor({ guest, readOnly, protectedFiles: files }, { kind: 'directory', folder }, flags),
          name,
        ];
      }),
  };
}
