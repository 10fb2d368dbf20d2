import { closeSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * A file of zeros beside the database. On a full disk even deleting takes space, in the log: then this file is deleted first,
 * and the space that entries leave makes room for it again.
 */
export interface Reserve {
  /** Creates the file, or a larger one, if the disk has space. */
  keep(): void;
  /** Deletes the file; false if there is none. */
  release(): boolean;
  /** Bytes that are free on the disk. */
  free(): number;
  /** Current size of the file in bytes. */
  size(): number;
  /** Size in bytes that the file should have on this disk; 0 if the disk is too small. */
  target(): number;
}

const MEBIBYTE = 1024 * 1024;

/**
 * Maximum size of the reserve in bytes. A checkpoint on a full disk needs space for the pages of the log that are new to the
 * database: those that trigger it (`CHECKPOINT_SHARE`), those written after one that found no space, and a large value each
 * time.
 */
const LARGEST: number = 12 * 1024 * 1024;

/** Minimum size in bytes: a smaller reserve would not hold the pages of one delete of many keys. */
const SMALLEST = MEBIBYTE / 4;

/** The free space is divided by this for the maximum size of the reserve on a small disk. */
const SHARE = 8;

/** The size of the reserve is divided by this for the size of the log that triggers a checkpoint. */
const CHECKPOINT_SHARE = 3;

/** SQLite's default (https://sqlite.org/pragma.html#pragma_wal_autocheckpoint). */
const MOST_PAGES = 1000;

/** Pages in the log after which a commit checkpoints, such that `reserve` has space for two checkpoints. */
export function checkpointPages(reserve: Reserve, pageSize: number): number {
  const bytes = reserve.target() || SMALLEST;
  return Math.min(MOST_PAGES, Math.floor(bytes / CHECKPOINT_SHARE / pageSize));
}

/** The reserve of the database at `path`, a real path. */
export function spaceReserve(path: string): Reserve {
  const file = `${path}-reserve`;
  const size = (): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

  function free(): number {
    const { bavail, bsize } = statfsSync(dirname(file));
    return bavail * bsize;
  }

  function target(): number {
    const bytes = Math.min(LARGEST, Math.floor((free() + size()) / SHARE));
    return bytes < SMALLEST ? 0 : bytes;
  }

  return {
    keep() {
      const held = size();
      if (held >= LARGEST) return;
      try {
        const wanted = target();
        if (held >= wanted / 2) return;
        rmSync(file, { force: true });
        fill(file, wanted);
      } catch {
        // Another process was faster, or the disk is gone: the next call tries again.
      }
    },
    release() {
      if (size() === 0) return false;
      rmSync(file, { force: true });
      return true;
    },
    free,
    size,
    target,
  };
}

function fill(file: string, bytes: number): void {
  const descriptor = openSync(file, 'wx', 0o600);
  try {
    const zeros = Buffer.alloc(Math.min(bytes, MEBIBYTE));
    for (let at = 0; at < bytes; ) at += writeSync(descriptor, zeros, 0, Math.min(zeros.length, bytes - at));
  } catch (error) {
    // The disk has filled up: half a reserve is useless.
    rmSync(file, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
}
