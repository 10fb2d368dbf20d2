import type { Discard, InstancePool } from './instance-pool.ts';

/** What became of the instances of a pool. */
export interface InstanceCounts {
  readonly created: number;
  /** After a request, for another one. */
  readonly restored: number;
  /** By reason. */
  readonly discarded: Readonly<Record<string, number>>;
}

type Counted = Pick<InstancePool<unknown>, 'created' | 'restored' | 'discards'>;

/**
 * Returns a function that reports what became of the instances of a pool since the last call; undefined if exactly one was
 * restored, as after most requests.
 */
export function createInstanceCounter(pool: Counted): () => InstanceCounts | undefined {
  let created = 0;
  let restored = 0;
  const discards = new Map<string, number>();
  return () => {
    const discarded: Record<string, number> = {};
    let isUsual = pool.created === created && pool.restored === restored + 1;
    for (const reason in pool.discards) {
      const count = pool.discards[reason as Discard];
      const more = count - (discards.get(reason) ?? 0);
      if (more === 0) continue;
      discarded[reason] = more;
      discards.set(reason, count);
      isUsual = false;
    }
    const counts = { created: pool.created - created, restored: pool.restored - restored, discarded };
    created = pool.created;
    restored = pool.restored;
    return isUsual ? undefined : counts;
  };
}
