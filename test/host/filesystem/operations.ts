import type { Descriptor } from '../../../host/filesystem/descriptor.ts';
import type { DescriptorFlags } from '../../../host/filesystem/flags.ts';

export const FOLLOW: { readonly symlinkFollow: true } = { symlinkFollow: true };
export const READ: DescriptorFlags = { read: true };
export const WRITE: DescriptorFlags = { read: true, write: true };
export const CREATE: { readonly create: true } = { create: true };

/** Each operation that takes a path, on that path. */
export const OPERATIONS: Record<string, (folder: Descriptor, path: string) => unknown> = {
  'open to read': (folder, path) => folder.openAt(FOLLOW, path, {}, READ),
  'open to read, not following': (folder, path) => folder.openAt({}, path, {}, READ),
  'open to write': (folder, path) => folder.openAt(FOLLOW, path, {}, WRITE),
  'open and create': (folder, path) => folder.openAt(FOLLOW, path, CREATE, WRITE),
  'open and create, exclusive': (folder, path) =>
    folder.openAt(FOLLOW, path, { ...CREATE, exclusive: true }, WRITE),
  'open and truncate': (folder, path) => folder.openAt(FOLLOW, path, { truncate: true }, WRITE),
  'open as directory': (folder, path) => folder.openAt(FOLLOW, path, { directory: true }, READ),
  stat: (folder, path) => folder.statAt(FOLLOW, path),
  'metadata hash': (folder, path) => folder.metadataHashAt(FOLLOW, path),
  'set times': (folder, path) => folder.setTimesAt(FOLLOW, path, { tag: 'now' }, { tag: 'now' }),
  'make a directory': (folder, path) => folder.createDirectoryAt(path),
  'remove a directory': (folder, path) => folder.removeDirectoryAt(path),
  unlink: (folder, path) => folder.unlinkFileAt(path),
  'rename from': (folder, path) => folder.renameAt(path, folder, 'stolen'),
  'rename to': (folder, path) => folder.renameAt('file', folder, path),
  'link from': (folder, path) => folder.linkAt({}, path, folder, 'stolen'),
  'link to': (folder, path) => folder.linkAt({}, 'file', folder, path),
  'make a symbolic link': (folder, path) => folder.symlinkAt('file', path),
};
