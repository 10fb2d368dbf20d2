import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/**
 * A key as it is stored. An entry of a B-tree has at most 2,704 bytes, but keys can be longer. So the bytes after the first
 * `HEAD` are stored in a column of their own, and the index contains a digest of them instead.
 */
export interface StoredKey {
  readonly head: Buffer;
  /** Empty for a key without a tail. */
  readonly digest: Buffer;
  readonly tail: Buffer;
  /** The row of `deletion` that contains the version of this key while it is absent. */
  readonly stripe: number;
}

const HEAD = 2000;

/** Number of rows of `deletion`. Never change it: all hosts must agree. */
export const STRIPES = 1024;

export function storedKey(bucket: Buffer, key: string): StoredKey {
  const bytes = utf8(key);
  const tail = bytes.subarray(HEAD);
  return {
    head: bytes.subarray(0, HEAD),
    digest: tail.byteLength === 0 ? tail : createHash('sha256').update(tail).digest(),
    tail,
    stripe: crc32(bytes, crc32(bucket)) % STRIPES,
  };
}

/** Lone surrogates have no UTF-8: two different strings with one would become the same key. */
export function utf8(text: string): Buffer {
  if (!text.isWellFormed()) throw new TypeError('a key or bucket name has a lone surrogate');
  return Buffer.from(text, 'utf8');
}

/** The object id of `bytea` (https://www.postgresql.org/docs/current/catalog-pg-type.html). */
const BYTEA = 17;

/** A `bytea[]` in PostgreSQL's binary form (`array_recv`): as text each byte would take four. */
export function byteaArray(elements: readonly Uint8Array[]): Buffer {
  const size = elements.reduce((sum, { byteLength }) => sum + 4 + byteLength, 20);
  const array = Buffer.allocUnsafe(size);
  // One dimension, without nulls, indexed from 1.
  array.writeInt32BE(1, 0);
  array.writeInt32BE(0, 4);
  array.writeInt32BE(BYTEA, 8);
  array.writeInt32BE(elements.length, 12);
  array.writeInt32BE(1, 16);
  let at = 20;
  for (const element of elements) {
    array.writeInt32BE(element.byteLength, at);
    array.set(element, at + 4);
    at += 4 + element.byteLength;
  }
  return array;
}

/** The bytes of a `bytea` in the text format of the connection: `\x` and hexadecimal digits. */
export function byteaOf(text: string): Uint8Array {
  // Not from Node's pool: the caller owns the whole buffer.
  const bytes = Buffer.allocUnsafeSlow((text.length - 2) / 2);
  bytes.write(text.slice(2), 'hex');
  return new Uint8Array(bytes.buffer);
}

export function textOf(text: string): string {
  return Buffer.from(text.slice(2), 'hex').toString('utf8');
}
