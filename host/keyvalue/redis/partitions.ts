import { WasmcpError } from '../../error.ts';
import type { Place } from './layout.ts';

/** The time in steps of 1/32 ms, and never the same twice: from it come ids that are comparable between partitions. */
export interface IdClock {
  /** An id that belongs to a partition, larger than all that this host has given or seen. */
  next(partition: number): number;
  seen(id: number): void;
}

const STEPS = 32;

export function createIdClock(partitions: number): IdClock {
  let last = 0;
  return {
    next(partition) {
      last = Math.max(Date.now() * STEPS, last + 1);
      return last * partitions + partition;
    },
    // The clock of another host can be ahead.
    seen(id) {
      last = Math.max(last, Math.floor(id / partitions));
    },
  };
}

/**
 * The first `count` elements of all places, in order. Each place is asked for a share of them, and again only if it can have
 * more of the first ones.
 *
 * @param fetch the first `limit` elements of a place, in order
 */
export async function merged<T>(
  places: readonly Place[],
  count: number,
  fetch: (place: Place, limit: number) => Promise<readonly T[]>,
  compare: (one: T, other: T) => number,
): Promise<readonly T[]> {
  let limit = places.length === 1 ? count : Math.ceil((2 * count) / places.length);
  const parts = await Promise.all(places.map((place) => fetch(place, limit)));
  for (;;) {
    const first = parts.flat().sort(compare).slice(0, count);
    const end = first[count - 1];
    const short = places.flatMap((place, at) => {
      const part = parts[at]!;
      const isCut = part.length === limit && limit < count;
      return isCut && (end === undefined || compare(part.at(-1)!, end) < 0) ? [{ place, at }] : [];
    });
    if (short.length === 0) return first;
    limit = count;
    await Promise.all(
      short.map(async ({ place, at }) => {
        parts[at] = await fetch(place, limit);
      }),
    );
  }
}

/** Groups what belongs to one place. */
export function grouped<T>(items: readonly T[], placeOf: (item: T) => Place): Map<Place, T[]> {
  const groups = new Map<Place, T[]>();
  for (const item of items) {
    const place = placeOf(item);
    const group = groups.get(place);
    if (group === undefined) groups.set(place, [item]);
    else group.push(item);
  }
  return groups;
}

/** Runs the parts of a batch, each of which is atomic. @throws WasmcpError `store-outcome-unknown` if only some are done */
export async function inParts<T>(
  groups: Map<Place, T[]>,
  url: string,
  work: (place: Place, group: readonly T[]) => Promise<void>,
): Promise<void> {
  const results = await Promise.allSettled([...groups].map(([place, group]) => work(place, group)));
  const failures = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason as unknown] : [],
  );
  if (failures.length === 0) return;
  if (results.length === 1 || failures.length === results.length)
    throw failures.find(isUnknown) ?? failures[0];
  throw new WasmcpError(
    'store-outcome-unknown',
    `${url} has written only some parts of a batch whose keys are in several partitions: ${String(failures[0])}`,
    { cause: failures[0] },
  );
}

function isUnknown(reason: unknown): boolean {
  return reason instanceof WasmcpError && reason.code === 'store-outcome-unknown';
}
