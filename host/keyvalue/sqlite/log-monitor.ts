import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { WasmcpError } from '../../error.ts';
import type { Connection } from './connection.ts';
import { condemn } from './file-identity.ts';

/** Checks the log of an open database, which only SQLite may shorten or rewrite. */
export interface LogMonitor {
  /** For `fdatasync`. */
  readonly descriptor: number;
  /** `store-broken` if the log is shorter than what was committed, or its end differs from what the last check found. */
  check(): WasmcpError | undefined;
  close(): void;
}

// https://sqlite.org/fileformat2.html#the_write_ahead_log
const HEADER = 32;
const FRAME_HEADER = 24;
/** Two numbers that change each time the log restarts, in its header and repeated in each frame. */
const SALTS_AT = 16;
const FRAME_SALTS_AT = 8;
const SALTS = 8;

/** How often a check is repeated that a checkpoint of another process may have interrupted. */
const RETRIES = 5;

/** The last frame that a check has read. */
interface Mark {
  readonly frames: number;
  readonly salts: Buffer;
  readonly frame: Buffer;
}

/**
 * Monitors the log of the database at `path`, which `connection` has open. SQLite holds no locks on the log (os_unix.c,
 * `noLock`), so an additional descriptor does no harm.
 *
 * SQLite relies on the index in `-shm`, not on the length of the log: if the log is truncated it continues to write behind
 * the hole, and all of it is lost at the next start.
 */
export function monitorLog(connection: Connection, path: string, url: string): LogMonitor {
  const file = `${path}-wal`;
  // Only reads the numbers: neither checkpoints nor waits (https://sqlite.org/pragma.html#pragma_wal_checkpoint).
  const count = connection.prepare<[], { log: bigint }>('PRAGMA wal_checkpoint(NOOP)');
  const frameSize = FRAME_HEADER + Number(connection.pragma('page_size', { simple: true }));
  const descriptor = openSync(file, 'r+');
  let last: Mark | undefined;

  const read = (length: number, at: number): Buffer => {
    const buffer = Buffer.allocUnsafe(length);
    return buffer.subarray(0, readSync(descriptor, buffer, 0, length, at));
  };

  /** Returns what is wrong, or what the log ends with. */
  function inspect(): string | Mark | undefined {
    const frames = Number(count.get()!.log);
    if (frames <= 0) return undefined;
    const end = HEADER + frames * frameSize;
    if (fstatSync(descriptor).size < end) return 'was truncated';
    const frame = read(frameSize, end - frameSize);
    const salts = frame.subarray(FRAME_SALTS_AT, FRAME_SALTS_AT + SALTS);
    if (last === undefined || !salts.equals(last.salts)) {
      const begins = read(HEADER, 0).subarray(SALTS_AT, SALTS_AT + SALTS);
      return salts.equals(begins) ? { frames, salts, frame } : 'was overwritten';
    }
    if (frames < last.frames) return 'was taken back to an older state';
    const before = frames === last.frames ? frame : read(frameSize, HEADER + (last.frames - 1) * frameSize);
    return before.equals(last.frame) ? { frames, salts, frame } : 'was overwritten';
  }

  return {
    descriptor,
    check() {
      let found = inspect();
      // Between two of the reads above a checkpoint may have restarted the log.
      for (let n = 0; typeof found === 'string' && n < RETRIES; n++) found = inspect();
      if (typeof found === 'string') return condemn(path, url, `${file} ${found} while it was open`);
      last = found;
      return undefined;
    },
    close: () => closeSync(descriptor),
  };
}
