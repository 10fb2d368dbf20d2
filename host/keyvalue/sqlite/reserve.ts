import { rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * A file of nothing beside the database. On a full disk even deleting takes room, in the log: then this goes first, and
 * what is deleted makes room for its next copy.
 */
export interface Reserve {
  /** Makes the file, if there is none and the disk has plenty of room. */
  keep(): void;
  /** Gives its room away; false when there is none to give. */
  release(): boolean;
}

const SIZE = 1024 * 1024;

/** The file is made only on a disk with so many times its size to spare. */
const PLENTY = 16;

/** The reserve of the database at `path`, a real path. */
export function reserveOf(path: string): Reserve {
  const file = `${path}-reserve`;
  const exists = (): boolean => statSync(file, { throwIfNoEntry: false }) !== undefined;
  return {
    keep() {
      if (exists()) return;
      try {
        const { bavail, bsize } = statfsSync(dirname(file));
        if (bavail * bsize < PLENTY * SIZE) return;
        writeFileSync(file, Buffer.alloc(SIZE), { mode: 0o600, flag: 'wx' });
      } catch {
        // Another process was faster, or the disk filled up or went away meanwhile: half a reserve is none.
        if (statSync(file, { throwIfNoEntry: false })?.size !== SIZE) rmSync(file, { force: true });
      }
    },
    release() {
      if (!exists()) return false;
      rmSync(file, { force: true });
      return true;
    },
  };
}
