import { crc32 } from 'node:zlib';

/**
 * The keys of a bucket in the engine, or of one of its partitions. They have one hash tag, so that a cluster keeps them on one
 * server, where a script reads and writes them in one step.
 */
export interface Place {
  /** The hash tag, which is written in braces. */
  readonly tag: string;
  /** The number of the partition; 0 if a bucket has only one. */
  readonly partition: number;
  /**
   * Values: a hash, each field a key, with its version and time before the value (`HEADER` bytes). Order: a sorted set of the
   * keys by their ids. Names: a sorted set of the keys by their bytes. Meta: a hash with the last `version` and `id`, and for
   * each stripe of keys the version of the last deletion; it remains when the bucket is empty, because versions never repeat.
   * For the log of changes: `log`, until when it is written, 0 if it is not, absent if nobody has asked yet; `changes`, the number
   * of the last one; `log-bytes`, the size of the values in it.
   */
  readonly keys: readonly [values: string, order: string, names: string, meta: string];
  /**
   * Leases: a hash of leases by name. Index: a sorted set of what each holder has, waits for, and is wanted from it. Holders: a
   * sorted set of holders by the end of their lives.
   */
  readonly leaseKeys: readonly [leases: string, index: string, holders: string, meta: string];
  /** The log of changes: a stream, whose ids are the numbers of the changes. Absent unless somebody follows the store. */
  readonly logKey: string;
}

/** The version in 8 bytes and the time of the last write in milliseconds in 8 bytes. */
export const HEADER = 16;

/** Absent keys have a version too, that of the last deletion in their stripe. Never change it: hosts must agree. */
const STRIPES = 1024;

/** Partitions of a bucket in a store with `?partition=prefix`. Never change it. */
const PARTITIONS = 64;

/** Maximum number of buckets whose places are cached; guests choose their names. */
const REMEMBERED = 1000;

export interface Layout {
  /** The first of its keys contains the version of the layout. */
  readonly schemaPlace: Place;
  /** What it contains. */
  readonly schema: string;
  /** How many partitions a bucket has. */
  readonly partitions: number;
  /** Beside the schema: a sorted set of those who follow the store, by the end of their lives; a set of the tags of all places. */
  readonly followKeys: readonly [followers: string, places: string];
  placeOf(bucket: string, key: Buffer): Place;
  placesOf(bucket: string): readonly Place[];
  /** The place with this tag, and its bucket. */
  placeWithTag(tag: string): { readonly place: Place; readonly bucket: string };
  /** The tag in the key of a log. */
  tagOf(logKey: string): string;
  /** Matches the keys with values. */
  readonly valuesPattern: string;
  /** The bucket of a key with values. */
  bucketOf(valuesKey: string): string;
}

/** The only version so far. A newer one begins with a greater number. */
export const SCHEMA = 1;

export function createLayout(prefix: string, isPartitioned: boolean): Layout {
  const known = new Map<string, readonly Place[]>();
  const partitions = isPartitioned ? PARTITIONS : 1;
  const keyOf = (tag: string, kind: string): string => `${prefix}:{${tag}}:${kind}`;

  function placesOf(bucket: string): readonly Place[] {
    const remembered = known.get(bucket);
    if (remembered !== undefined) return remembered;
    // The braces that delimit the tag, and the slash before the number of a partition, are escaped.
    const name = encodeURIComponent(wellFormed(bucket));
    const places = Array.from({ length: partitions }, (_, partition): Place => {
      const tag = isPartitioned ? `${name}/${partition}` : name;
      const key = (kind: string): string => keyOf(tag, kind);
      return {
        ...{ tag, partition },
        keys: [key('values'), key('order'), key('names'), key('meta')],
        leaseKeys: [key('leases'), key('lease-index'), key('holders'), key('meta')],
        logKey: key('log'),
      };
    });
    if (known.size >= REMEMBERED) known.clear();
    known.set(bucket, places);
    return places;
  }

  return {
    schemaPlace: schemaPlace(keyOf),
    schema: isPartitioned ? `${SCHEMA} partition=prefix` : String(SCHEMA),
    partitions,
    followKeys: [keyOf('schema', 'followers'), keyOf('schema', 'places')],
    placeWithTag(tag) {
      const [name, partition = '0'] = tag.split('/');
      const bucket = decodeURIComponent(name!);
      return { bucket, place: placesOf(bucket)[Number(partition)]! };
    },
    tagOf: (logKey) => logKey.slice(prefix.length + 2, -'}:log'.length),
    placeOf: (bucket, key) => placesOf(bucket)[isPartitioned ? partitionOf(key) : 0]!,
    placesOf,
    valuesPattern: `${prefix}:{*}:values`,
    bucketOf: (key) => decodeURIComponent(key.slice(prefix.length + 2, -'}:values'.length).split('/')[0]!),
  };
}

/** A place beside the buckets, of whose keys it has only `meta`, where syncs are counted. */
function schemaPlace(keyOf: (tag: string, kind: string) => string): Place {
  const tag = 'schema';
  const layout = keyOf(tag, 'layout');
  const keys = [layout, layout, layout, keyOf(tag, 'meta')] as const;
  return { tag, partition: 0, keys, leaseKeys: keys, logKey: keyOf(tag, 'log') };
}

/** By the text before the first colon, which for a session is its id. */
function partitionOf(key: Buffer): number {
  const colon = key.indexOf(':');
  return crc32(colon < 0 ? key : key.subarray(0, colon)) % PARTITIONS;
}

/** The field of `meta` with the version of this key while it is absent. */
export function stripeOf(key: Buffer): string {
  return String(crc32(key) % STRIPES);
}

/** Lone surrogates have no UTF-8: two different strings with one would become the same key. */
export function utf8(text: string): Buffer {
  return Buffer.from(wellFormed(text), 'utf8');
}

function wellFormed(text: string): string {
  if (!text.isWellFormed()) throw new TypeError('a key or bucket name has a lone surrogate');
  return text;
}

/** The value of an entry, in a buffer of its own: that of the reply belongs to the connection. */
export function valueIn(entry: Buffer): Uint8Array {
  return new Uint8Array(entry.subarray(HEADER));
}

export function versionIn(entry: Buffer): bigint {
  return entry.readBigUInt64BE(0);
}

export function updatedIn(entry: Buffer): number {
  return Number(entry.readBigUInt64BE(8));
}
