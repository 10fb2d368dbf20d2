import type { Store } from '../../../host/index.ts';
import { isSessionId, metadataKey, sessionOfKey } from './layout.ts';
import { readMetadata } from './metadata.ts';
import type { Pause } from './pauses.ts';
import { createSizeSums } from './size-sums.ts';
import { createTop, type Place } from './top.ts';

/** Which places in an order are wanted. */
export interface PlaceQuery {
  readonly limit: number;
  readonly order: 'asc' | 'desc';
  /** The place before the first one that is wanted. */
  readonly after: Place | undefined;
  /** Leaves sessions out. */
  readonly isWanted: (id: string) => boolean;
  /** Awaited after each part of the store. */
  readonly pause: Pause;
}

/** Finds the first places in one pass over the store, whatever it has; what it finds may be no session. */
export type PlaceSearch = (query: PlaceQuery) => Promise<readonly Place[]>;

/** Sessions whose sizes are added up together. */
const SIZES = 2_500_000;

/** Numbers that are taken of a part of the store, unless it has more that could be among the first. */
const FEW = 500;
const ALL = 1_000_000;

/** Characters of an id by which sessions are taken in groups: a number below `GROUPS`. */
const DIGITS = 8;
const GROUPS = 16 ** DIGITS;

/** Bytes of a session's key up to the colon. */
const PREFIX = 37;

/** By when they were opened. Undefined if the store cannot tell without a look at each session. */
export function openingTimes(store: Store, bucket: string): PlaceSearch | undefined {
  if (store.numbersWithEnding !== undefined) return (query) => byNumber(store, bucket, query);
  return store.valuesWithEnding === undefined ? undefined : (query) => byValue(store, bucket, query);
}

async function byNumber(store: Store, bucket: string, query: PlaceQuery): Promise<readonly Place[]> {
  const { limit, order, after, isWanted, pause } = query;
  const top = createTop<undefined>(limit, order);
  const numbers = { ending: metadataKey(''), skip: 1, field: 'created_at', order };
  let cursor: bigint | undefined;
  do {
    const search = { ...numbers, from: after?.rank, to: top.last()?.rank };
    let page = await store.numbersWithEnding!(bucket, { ...search, limit: FEW }, cursor);
    if (page.numbers.length === FEW) {
      page = await store.numbersWithEnding!(bucket, { ...search, limit: ALL }, cursor);
    }
    for (const [key, rank] of page.numbers) {
      const id = sessionOfKey(key);
      if (id === undefined || key !== metadataKey(id)) continue;
      const place = { rank, id };
      if (top.admits(place, after) && isWanted(id)) top.add(place, undefined);
    }
    await pause();
    cursor = page.cursor;
  } while (cursor !== undefined);
  return top.items().map(({ place }) => place);
}

async function byValue(store: Store, bucket: string, query: PlaceQuery): Promise<readonly Place[]> {
  const { limit, order, after, isWanted, pause } = query;
  const top = createTop<undefined>(limit, order);
  let cursor: bigint | undefined;
  do {
    const page = await store.valuesWithEnding!(bucket, metadataKey(''), cursor);
    for (const [key, value] of page.entries) {
      const id = sessionOfKey(key);
      if (id === undefined || key !== metadataKey(id) || !isWanted(id)) continue;
      const stored = value ?? (await store.get(bucket, key));
      const metadata = stored && readMetadata(stored);
      const place = metadata && { rank: metadata.createdAt, id };
      if (place !== undefined && top.admits(place, after)) top.add(place, undefined);
    }
    await pause();
    cursor = page.cursor;
  } while (cursor !== undefined);
  return top.items().map(({ place }) => place);
}

/** By how many bytes their values have. Undefined if the store cannot tell without a look at each session. */
export function sizesOfSessions(store: Store, bucket: string): PlaceSearch | undefined {
  return store.sizesByPrefix === undefined ? undefined : (query) => bySize(store, bucket, query);
}

async function bySize(store: Store, bucket: string, query: PlaceQuery): Promise<readonly Place[]> {
  const { limit, order, after, isWanted, pause } = query;
  const top = createTop<undefined>(limit, order);
  const left: [from: number, before: number][] = [[0, GROUPS]];
  for (let range = left.pop(); range !== undefined; range = left.pop()) {
    const [from] = range;
    let [, before] = range;
    const sums = createSizeSums();
    let cursor: bigint | undefined;
    do {
      const prefixes = { from: digits(from), before: digits(before), length: PREFIX };
      const page = await store.sizesByPrefix!(bucket, prefixes, cursor);
      sums.add(page.lines);
      cursor = page.cursor;
      await pause();
      // Those with the larger ids have another turn, whatever was found of them so far.
      while (sums.count > SIZES && before - from > 1) {
        const middle = Math.floor((from + before) / 2);
        left.push([middle, before]);
        before = middle;
        sums.dropFrom(before);
      }
    } while (cursor !== undefined);
    let last: Place | undefined;
    let lastGroup = GROUPS;
    sums.each((rank, group, id) => {
      if (!top.admitsRank(rank)) return;
      // Most sessions of a server may have the same size: then their ids decide.
      if (last !== top.last()) {
        last = top.last();
        lastGroup = last === undefined ? GROUPS : groupOf(last.id);
      }
      if (last?.rank === rank && group > lastGroup) return;
      const place = { rank, id: id() };
      if (top.admits(place, after) && isSessionId(place.id) && isWanted(place.id)) top.add(place, undefined);
    });
  }
  return top.items().map(({ place }) => place);
}

function groupOf(id: string): number {
  return Number.parseInt(id.slice(0, DIGITS), 16);
}

/** The beginning of ids from this group on. After all of them comes what is no id. */
function digits(group: number): string {
  return group === GROUPS ? 'g' : group.toString(16).padStart(DIGITS, '0');
}
