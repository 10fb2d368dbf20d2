import { type Interfaces, shared } from '../interfaces.ts';
import { IoError } from '../io/error.ts';
import type { HostOptions, Implementation } from '../options.ts';
import { Descriptor } from './descriptor.ts';
import { DirectoryEntryStream } from './directory-entry-stream.ts';
import { openPreopens, preopens } from './preopens.ts';
import { protectedFiles } from './protected-files.ts';

const TYPES: Implementation = {
  Descriptor,
  DirectoryEntryStream,
  filesystemErrorCode: (error: IoError): string | undefined => IoError.failure(error).filesystem,
};

/**
 * The interfaces of `wasi:filesystem`.
 *
 * @throws WasmcpError `directory-unusable`
 */
export function filesystemInterfaces(options: HostOptions): Interfaces {
  const paths = options.protected ?? [];
  const folders = openPreopens(options.preopens ?? [], paths);
  const files = protectedFiles(paths);
  return {
    'wasi:filesystem/types@0.2': shared(TYPES),
    'wasi:filesystem/preopens@0.2': (guest) => preopens(guest, folders, files),
  };
}
