import type { Change, Changes } from '../changes.ts';
import { type ChangeLog, followLog } from '../follow.ts';
import { missingChanges } from '../lost-changes.ts';
import { newHolderId } from '../process-identity.ts';
import type { Store } from '../store.ts';
import { type ChangeCalls, changeCalls } from './change-calls.ts';
import type { Place } from './layout.ts';
import type { MethodParts } from './parts.ts';
import type { Subscriptions } from './subscriptions.ts';

/** Maximum number of places that are asked at once. */
const AT_ONCE = 16;

export interface ChangesParts extends MethodParts {
  readonly subscriptions: Subscriptions;
  readonly unreported: Store;
}

export function createChanges(parts: ChangesParts): Changes<Store> {
  return {
    unreported: parts.unreported,
    follow: (follower) => followLog(createLog(parts), follower),
  };
}

/**
 * Before the first write to a place, ever: a follower of the store finds the place, or is found here, because each is one step
 * beside the schema.
 */
export async function addPlace({ runner, layout }: MethodParts, place: Place): Promise<void> {
  const calls = changeCalls(runner, layout);
  await calls.keepLog(place, await calls.addPlace(place));
}

/** The log of one place, as far as it was read. */
interface PlaceLog {
  readonly place: Place;
  readonly bucket: string;
  /** The number of the last change that was read; undefined if numbers have begun again. */
  last: number | undefined;
}

interface PlaceChanges {
  readonly log: PlaceLog;
  readonly last: number | undefined;
  readonly lost: number;
  readonly changes: readonly Change[];
}

/** Each place has a log, in which changes have consecutive numbers. */
function createLog({ runner, layout, subscriptions, channel }: ChangesParts): ChangeLog {
  const calls = changeCalls(runner, layout);
  const id = newHolderId();
  const logs = new Map<string, PlaceLog>();
  /** Tags of places that may have changes. */
  const changed = new Set<string>();
  let until = '0';

  /** A place that was not found when this follower began is newer, so that its first change is number 1. */
  function logOf(tag: string): PlaceLog {
    const known = logs.get(tag);
    if (known !== undefined) return known;
    const log = { ...layout.placeWithTag(tag), last: 0 };
    logs.set(tag, log);
    return log;
  }

  /** Returns the number of places. */
  async function follow(): Promise<number> {
    const followed = await calls.follow(id);
    until = followed.until;
    return followed.places;
  }

  /** Messages may have been lost. */
  function allChanged(): void {
    for (const tag of logs.keys()) changed.add(tag);
  }

  return {
    async begin() {
      await follow();
      await each((await calls.tags()).map(logOf), async (log) => {
        log.last = await calls.keepLog(log.place, until);
      });
    },
    async read() {
      const asked = [...changed].slice(0, AT_ONCE);
      for (const tag of asked) changed.delete(tag);
      try {
        const found = await Promise.all(asked.map(async (tag) => readPlace(calls, logOf(tag))));
        for (const { log, last } of found) {
          if (last !== log.last) changed.add(log.place.tag);
          log.last = last;
        }
        const lost = found.reduce((sum, place) => sum + place.lost, 0);
        return {
          changes: found.flatMap(({ changes }) => changes),
          lost: lost > 0 ? missingChanges(lost) : undefined,
          isMore: changed.size > 0,
        };
      } catch (error) {
        for (const tag of asked) changed.add(tag);
        throw error;
      }
    },
    async renew() {
      if ((await follow()) !== logs.size) for (const tag of await calls.tags()) logOf(tag);
      await each([...logs.values()], async ({ place }) => void (await calls.keepLog(place, until)));
      allChanged();
      return undefined;
    },
    async end() {
      if (await calls.unfollow(id)) return;
      await each([...logs.values()], ({ place }) => calls.endLog(place, until));
    },
    listen(wake) {
      return subscriptions.subscribe(channel, {
        heard(logKey) {
          changed.add(layout.tagOf(logKey));
          wake();
        },
        async began() {
          allChanged();
          wake();
        },
      });
    },
  };
}

async function readPlace(calls: ChangeCalls, log: PlaceLog): Promise<PlaceChanges> {
  const { place, bucket, last = 0 } = log;
  const { newest, entries } = await calls.readLog(place, bucket, last);
  // A failover has lost the last writes, whose numbers may have been given to others since.
  if (newest < last) return { log, last: undefined, lost: 0, changes: [] };
  const end = entries.at(-1)?.number ?? newest;
  const lost = log.last === undefined ? 0 : end - last - entries.length;
  return { log, last: end, lost, changes: entries.map(({ change }) => change) };
}

async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += AT_ONCE) {
    await Promise.all(items.slice(at, at + AT_ONCE).map(work));
  }
}
