import { IoError } from '../io/error.ts';
import type { Implementation } from '../options.ts';
import { Descriptor } from './descriptor.ts';
import { DirectoryEntryStream } from './directory-entry-stream.ts';

/** `wasi:filesystem/types`. */
export const filesystemTypes: Implementation = {
  Descriptor,
  DirectoryEntryStream,
  filesystemErrorCode: (error: IoError): string | undefined => IoError.failure(error).filesystem,
};
