import { added, counterBytes } from '../counter.ts';
import { type Fence, leaseLost } from '../leases.ts';
import type { Store } from '../store.ts';
import { type StoreAccess, storedValue, utf8, wellFormed } from './access.ts';
import type { ChangeRecorder } from './changes.ts';

/** Bytes by which a value may grow on a full disk: enough to mark a session as terminated. */
const MAX_GROWTH = 1024;

type Writes = Pick<Store, 'set' | 'delete' | 'setMany' | 'deleteMany' | 'increment' | 'swap'>;

/** What the writes of one transaction have in common. */
interface Stamp {
  readonly version: bigint;
  /** Whether changes must be recorded. */
  readonly isFollowed: boolean;
}

/** The methods of a store that write, each in one transaction. @param recorder undefined if nobody is notified of them */
export function createWrites(
  { sql, transactions, requireOpen, attempt }: StoreAccess,
  recorder: ChangeRecorder | undefined,
): Writes {
  /** Within a transaction. */
  function stamp(): Stamp {
    sql.countVersion.run();
    const { version, isFollowed } = sql.lastVersion.get()!;
    return { version, isFollowed: isFollowed === 1n && recorder !== undefined && recorder.isFollowed() };
  }

  function put(bucket: string, key: Buffer, { version, isFollowed }: Stamp, value: Uint8Array): void {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    const now = BigInt(Date.now());
    sql.put.run(bucket, key, version, now, now, bytes);
    if (isFollowed) recorder!.record(bucket, key, bytes);
  }

  /** First in each transaction that has a fence: until it is committed, no other holder can take the lease. */
  function requireFence(fence: Fence | undefined): void {
    if (fence === undefined) return;
    if (sql.token.get(fence.bucket, fence.name)?.token !== fence.token) throw leaseLost(fence);
  }

  function setMany(
    bucket: string,
    entries: readonly (readonly [string, Uint8Array])[],
    fence: Fence | undefined,
  ): void {
    // The later of two entries for one key wins.
    const latest = entries.length > 1 ? [...new Map(entries)] : entries;
    const encoded = latest.map(([key, value]) => [utf8(key), value] as const);
    requireOpen();
    transactions.replace(
      () => {
        requireFence(fence);
        const stamped = stamp();
        for (const [key, value] of encoded) put(wellFormed(bucket), key, stamped, value);
      },
      () => encoded.every(([key, value]) => replaces(bucket, key, value.byteLength)),
    );
  }

  function deleteMany(bucket: string, keys: readonly string[], fence: Fence | undefined): void {
    const encoded = keys.map(utf8);
    requireOpen();
    transactions.remove(() => {
      requireFence(fence);
      const gone = encoded.filter((key) => sql.delete.run(wellFormed(bucket), key).changes > 0);
      if (gone.length === 0) return;
      const { version, isFollowed } = stamp();
      sql.recordDeletion.run(bucket, version);
      if (isFollowed) for (const key of gone) recorder!.record(bucket, key, undefined);
    });
  }

  /** Whether a value of `size` bytes needs hardly more space than the one it replaces. */
  function replaces(bucket: string, key: Buffer, size: number): boolean {
    const before = attempt(() => storedValue(sql, bucket, key));
    return before !== undefined && size <= before.byteLength + MAX_GROWTH;
  }

  return {
    set: (bucket, key, value, fence) => setMany(bucket, [[key, value]], fence),
    setMany,
    delete: (bucket, key, fence) => deleteMany(bucket, [key], fence),
    deleteMany,
    increment(bucket, key, delta, bounds, fence) {
      const encoded = utf8(key);
      // Not a single INSERT … ON CONFLICT DO UPDATE: SQLite's integers end at 2⁶³−1, and its casts saturate and
      // accept "12abc". The write lock is taken before the read, so no other writer comes between.
      requireOpen();
      const add = (): bigint => {
        requireFence(fence);
        const sum = added(storedValue(sql, bucket, encoded), delta, bounds);
        put(wellFormed(bucket), encoded, stamp(), counterBytes(sum));
        return sum;
      };
      return transactions.replace(add, () => replaces(bucket, encoded, 0));
    },
    swap(bucket, key, version, value, fence) {
      const encoded = utf8(key);
      requireOpen();
      const swapped = (): boolean => {
        requireFence(fence);
        if (sql.version.get(wellFormed(bucket), encoded)!.version !== version) return false;
        put(wellFormed(bucket), encoded, stamp(), value);
        return true;
      };
      return transactions.replace(swapped, () => replaces(bucket, encoded, value.byteLength));
    },
  };
}
