import type { BigIntStats, Dirent } from 'node:fs';
import type { Datetime } from '../clocks/wall-clock.ts';

/** The enum `descriptor-type` of `wasi:filesystem/types`. */
export type DescriptorType =
  | 'unknown'
  | 'block-device'
  | 'character-device'
  | 'directory'
  | 'fifo'
  | 'symbolic-link'
  | 'regular-file'
  | 'socket';

/** A record `descriptor-stat` of `wasi:filesystem/types`. */
export interface DescriptorStat {
  readonly type: DescriptorType;
  readonly linkCount: bigint;
  readonly size: bigint;
  /** Absent for a time before 1970, as are the others. */
  readonly dataAccessTimestamp?: Datetime;
  readonly dataModificationTimestamp?: Datetime;
  readonly statusChangeTimestamp?: Datetime;
}

/** A case of `new-timestamp` in `wasi:filesystem/types`. */
export type NewTimestamp =
  | { readonly tag: 'no-change' }
  | { readonly tag: 'now' }
  | { readonly tag: 'timestamp'; readonly val: Datetime };

/** A record `metadata-hash-value` of `wasi:filesystem/types`. */
export interface MetadataHash {
  readonly lower: bigint;
  readonly upper: bigint;
}

const NANOSECONDS = 1_000_000_000n;

export function describe(stats: BigIntStats): DescriptorStat {
  const access = datetime(stats.atimeNs);
  const modification = datetime(stats.mtimeNs);
  const change = datetime(stats.ctimeNs);
  return {
    type: typeOf(stats),
    linkCount: stats.nlink,
    size: stats.size,
    ...(access && { dataAccessTimestamp: access }),
    ...(modification && { dataModificationTimestamp: modification }),
    ...(change && { statusChangeTimestamp: change }),
  };
}

export function typeOf(entry: BigIntStats | Dirent): DescriptorType {
  if (entry.isFile()) return 'regular-file';
  if (entry.isDirectory()) return 'directory';
  if (entry.isSymbolicLink()) return 'symbolic-link';
  if (entry.isFIFO()) return 'fifo';
  if (entry.isSocket()) return 'socket';
  if (entry.isCharacterDevice()) return 'character-device';
  return entry.isBlockDevice() ? 'block-device' : 'unknown';
}

/** Identifies the file: does not change when its content does. */
export function metadataHash(stats: BigIntStats): MetadataHash {
  return { lower: stats.ino, upper: stats.dev };
}

/** A time as `node:fs` accepts it. */
export type FsTime = number | string | Date;

/** Since libuv 1.51 these mean "unchanged" and "now", to the nanosecond; Node refuses numbers that are not finite. */
const EXACT: { readonly keep: Date; readonly now: string } | undefined = hasExactTimes()
  ? { keep: new Date(Number.NaN), now: 'Infinity' }
  : undefined;

/**
 * Converts a `new-timestamp` for `node:fs`. Node takes seconds as a floating-point number, which is exact to 120 ns for times of
 * this century. Throws `invalid` or `overflow` for an invalid time.
 */
export function newTime(timestamp: NewTimestamp, currentNs: bigint): FsTime {
  if (timestamp.tag === 'no-change') return EXACT?.keep ?? Number(currentNs) / 1e9;
  if (timestamp.tag === 'now') return EXACT?.now ?? Date.now() / 1000;
  const { seconds, nanoseconds } = timestamp.val;
  if (nanoseconds >= Number(NANOSECONDS)) throw 'invalid';
  if (seconds > Number.MAX_SAFE_INTEGER) throw 'overflow';
  return Number(seconds) + nanoseconds / 1e9;
}

function hasExactTimes(): boolean {
  const [major = 0, minor = 0] = process.versions.uv.split('.').map(Number);
  return major > 1 || (major === 1 && minor >= 51);
}

function datetime(nanoseconds: bigint): Datetime | undefined {
  if (nanoseconds < 0n) return undefined;
  return { seconds: nanoseconds / NANOSECONDS, nanoseconds: Number(nanoseconds % NANOSECONDS) };
}
