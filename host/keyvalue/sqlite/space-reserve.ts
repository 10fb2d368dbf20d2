import { closeSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * A file of nothing beside the database. On a full disk even deleting takes room, in the log: then this goes first, and
 * what is deleted makes room for its next copy.
 */
export interface Reserve {
  /** Makes the file, or a larger one, as the disk has room. */
  keep(): void;
  /** Gives its room away; false when there is none to give. */
  release(): boolean;
  /** Bytes that are free on the disk by now. */
  free(): number;
  /** Bytes that it holds. */
  size(): number;
  /** Bytes that it should have on this disk; 0 on one that is too small. */
  target(): number;
}

const MEBIBYTE = 1024 * 1024;

/**
 * A checkpoint on a full disk needs as much room as the log has pages that are new to the database: what a checkpoint begins
 * with (`CHECKPOINT_SHARE`), what was written after one that found no room, and a large value each time.
 */
const LARGEST: number = 12 * 1024 * 1024;

/** Below this it would not hold the pages of one delete of many keys. */
const SMALLEST = MEBIBYTE / 4;

/** It takes at most this part of what is free. */
const SHARE = 8;

/** The log begins to be moved into the database when it has this part of the reserve. */
const CHECKPOINT_SHARE = 3;

/** SQLite's own number. */
const MOST_PAGES = 1000;

/** Pages in the log after which a commit makes a checkpoint, so that `reserve` has room for two. */
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
        // Another process was faster, or the disk went away: it is looked at again.
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
    // The disk filled up meanwhile: half a reserve is none.
    rmSync(file, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
}
