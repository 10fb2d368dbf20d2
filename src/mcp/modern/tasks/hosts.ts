import { randomUUID } from 'node:crypto';
import type { Holder, LeaseHolder, Leases, LeaseUse } from '../../../../host/index.ts';
import { BUCKET } from './ledger.ts';

/** Which hosts of a store live: each one that runs tasks has a lease, which others can take once it has died. */
export interface Hosts {
  /** This one. */
  readonly own: string;
  /** Settles when other hosts see that this one lives. */
  join(): Promise<void>;
  /** To be called regularly while tasks run: takes the lease again if it was lost. */
  stay(): void;
  isAlive(host: string): Promise<boolean>;
  /** It runs no task any more: other hosts may take it for dead, and no sign of life is needed. */
  leave(): void;
}

/** Milliseconds for which a host that was alive is believed to be, so that clients that ask often cost no lease each time. */
const BELIEVED = 1000;

/** Hosts whose state is remembered. */
const MAX_KNOWN = 1000;

/** `leases` and `holder` are undefined for a store that no other program can use: then other hosts are earlier ones. */
export function createHosts(leases: Leases | undefined, holder: LeaseHolder | undefined): Hosts {
  const own = randomUUID();
  /** When each host was seen to live. One that has died needs no entry: its tasks end when that is noticed. */
  const seen = new Map<string, number>();
  let use: LeaseUse | undefined;
  let joining: PromiseWithResolvers<void> | undefined;

  function enter(): Promise<void> {
    const entered = Promise.withResolvers<void>();
    joining = entered;
    use = holder?.use(BUCKET, own, {
      started: () => entered.resolve(),
      failed(error) {
        use = undefined;
        joining = undefined;
        entered.reject(error);
      },
    });
    entered.promise.catch(() => {});
    return entered.promise;
  }

  return {
    own,
    async join() {
      if (holder !== undefined) await (joining?.promise ?? enter());
    },
    stay() {
      if (holder !== undefined && joining === undefined) void enter();
    },
    async isAlive(host) {
      if (leases === undefined) return false;
      const now = performance.now();
      if (now - (seen.get(host) ?? Number.NEGATIVE_INFINITY) < BELIEVED) return true;
      seen.delete(host);
      if (!(await isHeld(leases, host))) return false;
      seen.set(host, now);
      if (seen.size > MAX_KNOWN) seen.delete(seen.keys().next().value!);
      return true;
    },
    leave() {
      use?.leave();
      use = undefined;
      joining = undefined;
    },
  };
}

/** Whether another program has the lease. Asks as a program of its own, which does not wait for it. */
async function isHeld(leases: Leases, name: string): Promise<boolean> {
  const holder: Holder = { id: randomUUID(), life: 1000 };
  const token = await leases.acquire(holder, BUCKET, name);
  await leases.leave(holder);
  return token === undefined;
}
