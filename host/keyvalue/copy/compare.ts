import { createHash, type Hash } from 'node:crypto';
import { createBatch, type Entry } from '../batch.ts';
import type { Store } from '../store.ts';
import { type CopySource, orderedEntries } from './source.ts';

/** The result of comparing two stores. */
export interface Compared {
  readonly keys: number;
  /** SHA-256, in hexadecimal digits, of each bucket, key and value, each after its length in 8 bytes, in order. */
  readonly checksum: string;
  /** Entries of the target that had to be written or deleted. */
  readonly repaired: number;
}

/** Keys that are deleted at once. */
const BATCH = 1000;

/**
 * Reads both stores in parallel and makes the target equal: writes entries that differ, deletes entries that the source does not
 * have. Afterwards each entry was either read from the target and found equal, or written here.
 */
export async function makeEqual(
  source: CopySource,
  target: Store,
  buckets: readonly string[],
  progress: (keys: number) => void,
): Promise<Compared> {
  const hash = createHash('sha256');
  let keys = 0;
  let repaired = 0;
  const writes = createBatch(target, (count) => {
    repaired += count;
  });
  for (const bucket of buckets) {
    let stale: string[] = [];
    for await (const [wanted, found] of sideBySide(source.ordered(bucket), orderedEntries(target, bucket))) {
      if (wanted === undefined) {
        stale.push(found!.key);
        if (stale.length < BATCH) continue;
        repaired += await removed(target, bucket, stale);
        stale = [];
        continue;
      }
      update(hash, wanted);
      if (found === undefined || Buffer.compare(wanted.value, found.value) !== 0) await writes.add(wanted);
      keys += 1;
      if (keys % 1000 === 0) progress(keys);
    }
    repaired += await removed(target, bucket, stale);
  }
  await writes.flush();
  return { keys, checksum: hash.digest('hex'), repaired };
}

async function removed(target: Store, bucket: string, keys: readonly string[]): Promise<number> {
  if (keys.length > 0) await target.deleteMany(bucket, keys);
  return keys.length;
}

function update(hash: Hash, { bucket, key, value }: Entry): void {
  for (const part of [Buffer.from(bucket), Buffer.from(key), value]) {
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(part.byteLength));
    hash.update(length).update(part);
  }
}

/** Pairs the entries of two sequences that are ordered by key; one of each pair is undefined if its sequence lacks the key. */
async function* sideBySide(
  left: AsyncIterable<Entry> | Iterable<Entry>,
  right: AsyncIterable<Entry>,
): AsyncGenerator<readonly [Entry | undefined, Entry | undefined]> {
  const others = right[Symbol.asyncIterator]();
  let other = await others.next();
  for await (const entry of left) {
    while (!other.done && order(other.value, entry) < 0) {
      yield [undefined, other.value];
      other = await others.next();
    }
    if (!other.done && order(other.value, entry) === 0) {
      yield [entry, other.value];
      other = await others.next();
    } else yield [entry, undefined];
  }
  for (; !other.done; other = await others.next()) yield [undefined, other.value];
}

function order(one: Entry, other: Entry): number {
  return Buffer.compare(Buffer.from(one.key), Buffer.from(other.key));
}
