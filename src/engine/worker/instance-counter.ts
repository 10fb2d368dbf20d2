import type { InstancePool } from '../../snapshot/instance-pool.ts';
import type { InstanceCounts } from '../protocol/messages.ts';

/** Reports what became of the instances of a pool. */
export interface InstanceCounter {
  /** What became of them since the last call; undefined if nothing did. */
  sinceLast(): InstanceCounts | undefined;
}

type Counted = Pick<InstancePool<unknown>, 'created' | 'restored' | 'discards'>;

export function createInstanceCounter(pool: Counted): InstanceCounter {
  let created = 0;
  let restored = 0;
  let discards = new Map<string, number>();
  return {
    sinceLast() {
      const discarded: Record<string, number> = {};
      for (const [reason, count] of Object.entries(pool.discards)) {
        const more = count - (discards.get(reason) ?? 0);
        if (more > 0) discarded[reason] = more;
      }
      const counts = { created: pool.created - created, restored: pool.restored - restored, discarded };
      created = pool.created;
      restored = pool.restored;
      discards = new Map(Object.entries(pool.discards));
      const isEmpty = counts.created === 0 && counts.restored === 0 && Object.keys(discarded).length === 0;
      return isEmpty ? undefined : counts;
    },
  };
}
