import type { Holder, LeaseEvent, LeaseName, Leases } from '../leases.ts';
import { type Layout, type Place, utf8 } from './layout.ts';
import { LEASE_SCRIPTS } from './lease-scripts.ts';
import type { Reply } from './link.ts';
import type { Runner } from './runner.ts';
import type { Subscriptions } from './subscriptions.ts';

/** The places where a holder has leases or waits for some; signs of life go to each of them. */
interface Whereabouts {
  readonly places: Map<Place, string>;
  readonly waiting: Map<string, LeaseName>;
}

export interface LeaseParts {
  readonly runner: Runner;
  readonly layout: Layout;
  readonly subscriptions: Subscriptions;
  /** The prefix of the names of channels. */
  readonly channel: string;
}

/** Leases are stored with the keys of their buckets. Every method runs one script at each affected place, concurrently. */
export function createLeases({ runner, layout, subscriptions, channel }: LeaseParts): Leases {
  const known = new Map<string, Whereabouts>();

  function whereaboutsOf({ id }: Holder): Whereabouts {
    const found = known.get(id) ?? { places: new Map(), waiting: new Map() };
    known.set(id, found);
    return found;
  }

  function run(
    method: keyof typeof LEASE_SCRIPTS,
    place: Place,
    bucket: string,
    holder: Holder,
    names: readonly string[] = [],
  ): Promise<Reply> {
    const words = [holder.id, String(holder.life), bucket, channel, ...names];
    return runner.step(place, { script: LEASE_SCRIPTS[method], keys: place.leaseKeys, words });
  }

  /** Runs a script at each place of the holder. */
  function everywhere(method: keyof typeof LEASE_SCRIPTS, holder: Holder): Promise<[string, Reply][]> {
    const places = [...whereaboutsOf(holder).places];
    return Promise.all(
      places.map(
        async ([place, bucket]): Promise<[string, Reply]> => [
          bucket,
          await run(method, place, bucket, holder),
        ],
      ),
    );
  }

  return {
    async acquire(holder, bucket, name) {
      const place = layout.placeOf(bucket, utf8(name));
      const { places, waiting } = whereaboutsOf(holder);
      places.set(place, bucket);
      const key = `${bucket}\0${name}`;
      // Before the call, because the lease may be given while the reply is in transit.
      waiting.set(key, { bucket, name });
      const token = await run('acquire', place, bucket, holder, [name]);
      if (token === null) return undefined;
      waiting.delete(key);
      return BigInt(String(token));
    },
    async renew(holder) {
      const replies = await everywhere('renew', holder);
      return replies.flatMap(([bucket, names]) => leasesIn(bucket, names));
    },
    async release(holder, bucket, names) {
      const { waiting } = whereaboutsOf(holder);
      const groups = new Map<Place, string[]>();
      for (const name of names) {
        waiting.delete(`${bucket}\0${name}`);
        const place = layout.placeOf(bucket, utf8(name));
        groups.set(place, [...(groups.get(place) ?? []), name]);
      }
      await Promise.all([...groups].map(([place, group]) => run('release', place, bucket, holder, group)));
    },
    async leave(holder) {
      await everywhere('leave', holder);
      known.delete(holder.id);
    },
    listen(holder, listener) {
      const { waiting } = whereaboutsOf(holder);
      return subscriptions.subscribe(`${channel}${holder.id}`, {
        heard: (message) => listener(JSON.parse(message) as LeaseEvent),
        // Earlier messages are lost.
        async began() {
          for (const [bucket, reply] of await everywhere('state', holder)) {
            const [wanted, held] = reply as [Reply, Reply];
            for (const lease of leasesIn(bucket, wanted)) listener({ kind: 'wanted', ...lease });
            for (const lease of leasesIn(bucket, held)) {
              if (waiting.has(`${bucket}\0${lease.name}`)) listener({ kind: 'given', ...lease });
            }
          }
        },
      });
    },
  };
}

function leasesIn(bucket: string, names: Reply): LeaseName[] {
  return (names as Buffer[]).map((name) => ({ bucket, name: String(name) }));
}
