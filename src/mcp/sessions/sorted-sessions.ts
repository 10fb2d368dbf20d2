import type { Awaitable, Prefixes, SizesPage, Store } from '../../../host/index.ts';
import { isSessionId, metadataKey, sessionOfKey } from './layout.ts';
import { readMetadata, type SessionMetadata } from './metadata.ts';
import type { Pause } from './pauses.ts';
import { createSessionNumbers } from './session-numbers.ts';
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

/** Sessions whose numbers are found together: the table takes 100 MB for them, and twice that for a few more. */
const TOGETHER = 2_000_000;

/** Numbers that are taken of a part of the store, unless it has more that could be among the first. */
const FEW = 500;
const ALL = 1_000_000;

/** Characters of an id by which sessions are taken in groups: a number below `GROUPS`. */
const DIGITS = 8;
const GROUPS = 16 ** DIGITS;

/** Bytes of a session's key up to the colon. */
const PREFIX = 37;

/**
 * By when they were opened. Undefined if the store cannot tell without a look at each session.
 *
 * @param isMatch Leaves sessions out by their metadata.
 */
export function openingTimes(
  store: Store,
  bucket: string,
  isMatch?: (metadata: SessionMetadata) => boolean,
): PlaceSearch | undefined {
  if (isMatch === undefined && store.numbersWithEnding !== undefined)
    return (query) => byNumber(store, bucket, query);
  return store.valuesWithEnding === undefined ? undefined : (query) => byValue(store, bucket, query, isMatch);
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

async function byValue(
  store: Store,
  bucket: string,
  query: PlaceQuery,
  isMatch: (metadata: SessionMetadata) => boolean = () => true,
): Promise<readonly Place[]> {
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
      if (metadata === undefined || !isMatch(metadata)) continue;
      const place = { rank: metadata.createdAt, id };
      if (top.admits(place, after)) top.add(place, undefined);
    }
    await pause();
    cursor = page.cursor;
  } while (cursor !== undefined);
  return top.items().map(({ place }) => place);
}

/** By how many bytes their values have. Undefined if the store cannot tell without a look at each session. */
export function sizesOfSessions(store: Store, bucket: string): PlaceSearch | undefined {
  const search = store.sizesByPrefix?.bind(store, bucket);
  return search && ((query) => byPrefix(search, 'sum', query));
}

/** By when anybody last wrote to them. Undefined if the store cannot tell without a look at each session. */
export function lastWrites(store: Store, bucket: string): PlaceSearch | undefined {
  const search = store.timesByPrefix?.bind(store, bucket);
  return search && ((query) => byPrefix(search, 'largest', query));
}

async function byPrefix(
  search: (prefixes: Prefixes, cursor?: bigint) => Awaitable<SizesPage>,
  combine: 'sum' | 'largest',
  query: PlaceQuery,
): Promise<readonly Place[]> {
  const { limit, order, after, isWanted, pause } = query;
  const top = createTop<undefined>(limit, order);
  const left: [from: number, before: number][] = [[0, GROUPS]];
  for (let range = left.pop(); range !== undefined; range = left.pop()) {
    const [from] = range;
    let [, before] = range;
    const numbers = createSessionNumbers(combine);
    let cursor: bigint | undefined;
    do {
      const prefixes = { from: digits(from), before: digits(before), length: PREFIX };
      const page = await search(prefixes, cursor);
      numbers.add(page.lines);
      cursor = page.cursor;
      await pause();
      // Those with the larger ids have another turn, whatever was found of them so far.
      while (numbers.count > TOGETHER && before - from > 1) {
        const middle = Math.floor((from + before) / 2);
        left.push([middle, before]);
        before = middle;
        numbers.dropFrom(before);
      }
    } while (cursor !== undefined);
    let last: Place | undefined;
    let lastGroup = GROUPS;
    numbers.each((rank, group, id) => {
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
