import { constants } from 'node:fs';

/** Flags of `descriptor-flags` in `wasi:filesystem/types`; absent ones are off. */
export interface DescriptorFlags {
  readonly read?: boolean;
  readonly write?: boolean;
  readonly fileIntegritySync?: boolean;
  readonly dataIntegritySync?: boolean;
  readonly requestedWriteSync?: boolean;
  readonly mutateDirectory?: boolean;
}

/** Flags of `path-flags`. */
export interface PathFlags {
  readonly symlinkFollow?: boolean;
}

/** Flags of `open-flags`. */
export interface OpenFlags {
  readonly create?: boolean;
  readonly directory?: boolean;
  readonly exclusive?: boolean;
  readonly truncate?: boolean;
}

/** The flags of `open(2)`. */
export function modeOf(openFlags: OpenFlags, flags: DescriptorFlags): number {
  const access = flags.write ? (flags.read ? constants.O_RDWR : constants.O_WRONLY) : constants.O_RDONLY;
  return (
    access |
    // The path was resolved already. A FIFO without a writer would block the thread.
    (constants.O_NOFOLLOW ?? 0) |
    (constants.O_NONBLOCK ?? 0) |
    (openFlags.create ? constants.O_CREAT : 0) |
    (openFlags.exclusive ? constants.O_EXCL : 0) |
    (openFlags.truncate ? constants.O_TRUNC : 0) |
    (flags.fileIntegritySync ? constants.O_SYNC : 0) |
    (flags.dataIntegritySync ? (constants.O_DSYNC ?? constants.O_SYNC) : 0)
  );
}
