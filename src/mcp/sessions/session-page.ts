import type { Store } from '../../../host/index.ts';
import { readEdits } from './edits.ts';
import { firstAfter, isSessionId, metadataKey } from './layout.ts';
import { readMetadata, stateOf } from './metadata.ts';
import { createPause, type Pause } from './pauses.ts';
import {
  type Cursor,
  cursorText,
  matches,
  parseCursor,
  type SessionOrder,
  type SessionPage,
  type SessionQuery,
} from './session-query.ts';
import { newestSessions, ownedSessions, sessionsThatMatch } from './session-search.ts';
import {
  type FoundSession,
  type SessionSummary,
  sessionSizes,
  sessionSummaries,
  sessionSummary,
  summaryOf,
} from './session-summary.ts';
import { lastWrites, openingTimes, type PlaceSearch, sizesOfSessions } from './sorted-sessions.ts';
import { createTop, type Place, type Top } from './top.ts';

/** Sessions that one page in the order of ids looks at. */
const LOOKED_AT = 20_000;

/** Sessions that are read one by one rather than sorted before, and where the store cannot tell their order. */
const READ = 5000;
const READ_UNSORTED = 300_000;

/**
 * @param signal Ends the search with its reason, soon after it is aborted.
 * @throws WasmcpError `cursor-invalid`, `store-*`
 */
export async function sessionPage(
  store: Store,
  bucket: string,
  query: SessionQuery,
  signal?: AbortSignal,
): Promise<SessionPage> {
  const now = Date.now();
  const { search } = query;
  if (search !== undefined && isSessionId(search)) {
    const found = await sessionSummary(store, bucket, search, now);
    return {
      sessions: found !== undefined && matches(found, query) && query.cursor === undefined ? [found] : [],
    };
  }
  const cursor = query.cursor === undefined ? undefined : parseCursor(query.cursor, query);
  const asked = { store, bucket, query, cursor, now, pause: createPause(signal) };
  const owned = query.subject === undefined ? undefined : ownedSessions(store, bucket, query.subject);
  if (owned !== undefined) return topOf(asked, owned);
  if (query.sort === undefined) return pageById(asked);
  return sortedPage(asked);
}

async function sortedPage(asked: Asked): Promise<SessionPage> {
  const { store, bucket, query, now, pause } = asked;
  const newest = await newestPage(asked);
  if (newest !== undefined) return newest;
  const opened = openedInState(asked);
  if (opened !== undefined) return topOfPlaces(asked, opened, () => true);
  const wanted = await sessionsThatMatch(store, bucket, query, { now, pause });
  const places = placesBy(query.sort, store, bucket);
  const read = query.sort === 'updated' && places === undefined ? READ_UNSORTED : READ;
  if (wanted !== undefined && wanted.size <= read) return topOf(asked, summariesOf(asked, wanted.ids()));
  const isWanted = (id: string): boolean => wanted?.has(id) !== false;
  if (places !== undefined) return topOfPlaces(asked, places, isWanted);
  return topOf(asked, candidates(asked, isWanted));
}

/** Times of opening and states are in the same values. */
function openedInState({ store, bucket, query, now }: Asked): PlaceSearch | undefined {
  const { state, search, sort } = query;
  if (sort !== 'created' || state === undefined || search) return undefined;
  return openingTimes(store, bucket, (metadata) => stateOf(metadata, 0, now).name === state);
}

function placesBy(sort: SessionOrder | undefined, store: Store, bucket: string): PlaceSearch | undefined {
  if (sort === 'created') return openingTimes(store, bucket);
  if (sort === 'size') return sizesOfSessions(store, bucket);
  return sort === 'updated' ? lastWrites(store, bucket) : undefined;
}

/** A query, and where and when it is asked. */
interface Asked {
  readonly store: Store;
  readonly bucket: string;
  readonly query: SessionQuery;
  readonly cursor: Cursor | undefined;
  readonly now: number;
  readonly pause: Pause;
}

async function pageById({ store, bucket, query, cursor, now, pause }: Asked): Promise<SessionPage> {
  const sessions: SessionSummary[] = [];
  let looked = 0;
  let last: string | undefined;
  const start = cursor === undefined ? undefined : firstAfter(cursor.id);
  for await (const { size, summary } of sessionSummaries(store, bucket, now, start)) {
    if (sessions.length === query.limit || looked === LOOKED_AT)
      return { sessions, next: cursorText({ id: last! }) };
    if (summary !== undefined && matches(summary, query)) sessions.push(summary);
    last = size.id;
    looked += 1;
    await pause();
  }
  return { sessions };
}

/** The sessions that wrote last, if the store knows them without a look at all of them. */
async function newestPage({ store, bucket, query, cursor, pause }: Asked): Promise<SessionPage | undefined> {
  const { limit, sort, order = 'desc' } = query;
  if (sort !== 'updated' || order !== 'desc') return undefined;
  const found = await newestSessions(store, bucket, {
    // One more than fits tells whether there is another page.
    limit: limit + 1,
    after: cursor && { updated: cursor.rank ?? 0, id: cursor.id },
    isMatch: (summary) => matches(summary, query),
    isFiltered: Boolean(query.search) || query.state !== undefined,
    pause,
  });
  const last = found?.[limit - 1];
  if (found === undefined) return undefined;
  return found.length > limit && last !== undefined
    ? { sessions: found.slice(0, limit), next: cursorText({ rank: last.updated, id: last.id, sort, order }) }
    : { sessions: found };
}

/** Every session that could be on the page. A session is only read whole if its size does not rule it out. */
async function* candidates(
  { store, bucket, query, now, pause }: Asked,
  isWanted: (id: string) => boolean,
): AsyncGenerator<Candidate> {
  for await (const size of sessionSizes(store, bucket, undefined, await readEdits(store, bucket))) {
    await pause();
    if (!isWanted(size.id)) continue;
    const summary = query.sort === 'created' ? await summaryOf(store, bucket, size, now) : undefined;
    if (summary !== undefined || query.sort !== 'created') yield summary ?? size;
  }
}

type Candidate = FoundSession | SessionSummary | undefined;

async function* summariesOf({ store, bucket, now }: Asked, ids: Iterable<string>): AsyncGenerator<Candidate> {
  const edits = await readEdits(store, bucket);
  for (const id of ids) yield sessionSummary(store, bucket, id, now, edits);
}

/** Places that are taken in a pass over the store: more in each further one. */
const CHOSEN = 1000;
const MOST_CHOSEN = 100_000;

/** Reads the sessions in the order of the page until it is full: few, unless most of them do not match. */
async function topOfPlaces(
  asked: Asked,
  search: PlaceSearch,
  isWanted: (id: string) => boolean,
): Promise<SessionPage> {
  const { store, bucket, query, now, pause } = asked;
  const { top, after, order } = emptyTop(asked);
  const edits = await readEdits(store, bucket);
  // Places by the last write count the edits of administrators.
  const edited = query.sort === 'updated' ? edits : new Map<string, never>();
  for (const id of edited.keys()) {
    await pause();
    const summary = isWanted(id) ? await sessionSummary(store, bucket, id, now, edits) : undefined;
    const place = { rank: summary?.updated ?? 0, id };
    if (summary !== undefined && matches(summary, query) && top.admits(place, after)) top.add(place, summary);
  }
  const isPlaced = (id: string): boolean => isWanted(id) && !edited.has(id);
  const wanted = query.limit + 1;
  let found = 0;
  let start = after;
  for (let limit = Math.max(CHOSEN, 2 * wanted); ; limit = Math.min(limit * 8, MOST_CHOSEN)) {
    const places = await search({ limit, order, after: start, isWanted: isPlaced, pause });
    for (const place of places) {
      await pause();
      if (!(await isInState(asked, place.id))) continue;
      const summary = await sessionSummary(store, bucket, place.id, now, edits);
      if (summary !== undefined && matches(summary, query)) {
        top.add(place, summary);
        found += 1;
      }
      if (found === wanted) return pageOf(asked, top);
    }
    if (places.length < limit) return pageOf(asked, top);
    start = places.at(-1);
  }
}

/** Whether a session may be in the state that is wanted: costs less than to read it whole. */
async function isInState({ store, bucket, query, now }: Asked, id: string): Promise<boolean> {
  if (query.state === undefined) return true;
  const stored = await store.get(bucket, metadataKey(id));
  const metadata = stored && readMetadata(stored);
  return metadata !== undefined && stateOf(metadata, 0, now).name === query.state;
}

/** Looks at all candidates, and keeps as many as fit on the page. */
async function topOf(asked: Asked, found: AsyncIterable<Candidate>): Promise<SessionPage> {
  const { store, bucket, query, now, pause } = asked;
  const { sort } = query;
  const { top, after } = emptyTop(asked);
  for await (const candidate of found) {
    await pause();
    if (candidate === undefined) continue;
    const place = { rank: rankOf(candidate, sort), id: candidate.id };
    if (!top.admits(place, after)) continue;
    const summary = 'metadata' in candidate ? candidate : await summaryOf(store, bucket, candidate, now);
    if (summary !== undefined && matches(summary, query)) top.add(place, summary);
  }
  return pageOf(asked, top);
}

/** One more than fits tells whether there is another page. */
function emptyTop({ query, cursor }: Asked): EmptyTop {
  const { limit, sort } = query;
  const order = sort === undefined ? 'asc' : (query.order ?? 'desc');
  const after = cursor && { rank: cursor.rank ?? 0, id: cursor.id };
  return { top: createTop(limit + 1, order), after, order };
}

interface EmptyTop {
  readonly top: Top<SessionSummary>;
  readonly after: Place | undefined;
  readonly order: 'asc' | 'desc';
}

function pageOf({ query }: Asked, top: Top<SessionSummary>): SessionPage {
  const { limit, sort, order = 'desc' } = query;
  const kept = top.items();
  const sessions = kept.slice(0, limit).map(({ item }) => item);
  const last = kept[limit - 1]?.place;
  return kept.length > limit && last !== undefined
    ? { sessions, next: cursorText(sort === undefined ? { id: last.id } : { ...last, sort, order }) }
    : { sessions };
}

function rankOf(candidate: FoundSession | SessionSummary, sort: SessionOrder | undefined): number {
  if (sort === 'updated') return candidate.updated;
  if (sort === 'size') return candidate.bytes;
  return sort === 'created' && 'metadata' in candidate ? candidate.metadata.createdAt : 0;
}
