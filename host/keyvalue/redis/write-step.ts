import { LIFE } from '../changes.ts';
import { type Fence, leaseLost } from '../leases.ts';
import { addPlace } from './changes.ts';
import { isFenced } from './errors.ts';
import { type Place, utf8 } from './layout.ts';
import { hasToken } from './lease-scripts.ts';
import type { Reply, Word } from './link.ts';
import type { MethodParts } from './parts.ts';
import { REPORTED, type Script } from './scripts.ts';

/** Runs a script that writes at a place, under a fence if there is one. */
export type WriteStep = (
  place: Place,
  fence: Fence | undefined,
  script: Script,
  words: readonly Word[],
) => Promise<Reply>;

/** @param isReported whether followers of the store are notified */
export function createWriteStep(parts: MethodParts, isReported: boolean): WriteStep {
  const { runner, layout, isCluster, channel } = parts;
  /** When the places were last seen to be followed. */
  const followed = new WeakMap<Place, number>();

  /** Where a fence is tested in the step of the write; undefined if it was tested before, on another server of a cluster. */
  async function leaseOf(fence: Fence, place: Place): Promise<{ fence: Fence; place: Place } | undefined> {
    const lease = layout.placeOf(fence.bucket, utf8(fence.name));
    if (!isCluster || lease.tag === place.tag) return { fence, place: lease };
    const found = await runner.step(lease, { words: ['HGET', lease.leaseKeys[0], fence.name] });
    if (found === null || !hasToken(String(found), fence.token)) throw leaseLost(fence);
    return undefined;
  }

  return async (place, fence, script, words) => {
    const held = fence && (await leaseOf(fence, place));
    const lease = held === undefined ? [] : [held.place.leaseKeys[0]];
    const tokens = held === undefined ? ['', ''] : [held.fence.name, `${held.fence.token}`];
    try {
      for (;;) {
        const isFollowed = isReported && Date.now() - (followed.get(place) ?? -Infinity) < LIFE;
        const keys = [...place.keys, ...lease, ...(isFollowed ? [place.logKey] : [])];
        const reported = isFollowed ? REPORTED.withLog : isReported ? REPORTED.withoutLog : REPORTED.not;
        const reply = await runner.write(place, {
          script,
          keys,
          words: [...tokens, reported, channel, ...words],
        });
        if (reply === 'UNKNOWN') await addPlace(parts, place);
        else if (reply === 'FOLLOWED') followed.set(place, Date.now());
        else return reply;
      }
    } catch (error) {
      throw fence !== undefined && isFenced(error) ? leaseLost(fence) : error;
    }
  };
}
