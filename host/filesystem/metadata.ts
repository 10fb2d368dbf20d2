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
  readonly dataAccessTimestamp: Datetime;
  readonly dataModificationTimestamp: Datetime;
  readonly statusChangeTimestamp: Datetime;
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
  return {
    type: typeOf(stats),
    linkCount: stats.nlink,
    size: stats.size,
    dataAccessTimestamp: datetime(stats.atimeNs),
    dataModificationTimestamp: datetime(stats.mtimeNs),
    statusChangeTimestamp: datetime(stats.ctimeNs),
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

/** Stays the same while the file is the same, whatever is written to it. */
export function metadataHash(stats: BigIntStats): MetadataHash {
  return { lower: stats.ino, upper: stats.dev };
}

/** Seconds since 1970 as `node:fs` takes them. */
export function seconds(timestamp: NewTimestamp, currentNs: bigint): number {
  if (timestamp.tag === 'no-change') return Number(currentNs) / 1e9;
  if (timestamp.tag === 'now') return Date.now() / 1000;
  return Number(timestamp.val.seconds) + timestamp.val.nanoseconds / 1e9;
}

function datetime(nanoseconds: bigint): Datetime {
  return { seconds: nanoseconds / NANOSECONDS, nanoseconds: Number(nanoseconds % NANOSECONDS) };
}
