import type { Store } from '../../../../host/index.ts';
import { BUCKET } from './state-keys.ts';

/** Records in the store which states were used, so that each can be used once, on one host. */
export interface UsedStates {
  /** Returns false if it was used before. Of several hosts that try at the same time, one gets true. */
  use(id: Buffer, expires: number): Promise<boolean>;
  wasUsed(id: Buffer, expires: number): Promise<boolean>;
}

/** Milliseconds between two looks for records of expired states. */
const INTERVAL = 60_000;

/** Milliseconds that a record stays after its state has expired: clocks of hosts differ. */
const MARGIN = 3_600_000;

const PREFIX = 'used/';
const DIGITS = 15;

export function createUsedStates(store: Store, now: () => number): UsedStates {
  let looked = now();

  /** The names begin with the time, so the oldest ones come first. */
  async function forgetExpired(): Promise<void> {
    if (now() - looked < INTERVAL) return;
    looked = now();
    const end = PREFIX + padded(now() - MARGIN);
    for (;;) {
      const names = await store.range(BUCKET, PREFIX, PAGE);
      const old = names.filter((name) => name.startsWith(PREFIX) && name < end);
      if (old.length > 0) await store.deleteMany(BUCKET, old);
      if (old.length < PAGE) return;
    }
  }

  return {
    async use(id, expires) {
      await forgetExpired();
      const { value, version } = await store.read(BUCKET, nameOf(id, expires));
      return (
        value === undefined && (await store.swap(BUCKET, nameOf(id, expires), version, new Uint8Array(0)))
      );
    },
    wasUsed: async (id, expires) => store.exists(BUCKET, nameOf(id, expires)),
  };
}

const PAGE = 1000;

function nameOf(id: Buffer, expires: number): string {
  return `${PREFIX}${padded(expires)}/${id.toString('base64url')}`;
}

function padded(time: number): string {
  return String(Math.max(0, time)).padStart(DIGITS, '0');
}
