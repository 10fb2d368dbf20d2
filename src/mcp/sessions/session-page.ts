import { type Store, WasmcpError } from '../../../host/index.ts';
import { readEdits } from './edits.ts';
import { firstAfter, isSessionId } from './layout.ts';
import type { SessionState } from './metadata.ts';
import { newestSessions, ownedSessions } from './session-search.ts';
import {
  type FoundSession,
  type SessionSummary,
  sessionSizes,
  sessionSummaries,
  sessionSummary,
  summaryOf,
} from './session-summary.ts';
import { openingTimes, sizesOfSessions } from './sorted-sessions.ts';
import { createTop, type Place, type Top } from './top.ts';

export type SessionOrder = 'updated' | 'created' | 'size';

/** Which sessions are wanted. */
export interface SessionFilter {
  /** The exact owner. */
  readonly subject?: string | undefined;
  readonly state?: SessionState['name'] | undefined;
  /** Part of an id, a subject or an issuer, in any case. */
  readonly search?: string | undefined;
}

export interface SessionQuery extends SessionFilter {
  readonly limit: number;
  /** Ordered by id without it. */
  readonly sort?: SessionOrder | undefined;
  /** The newest or largest first, unless it is `asc`; without `sort` always `asc`. */
  readonly order?: 'asc' | 'desc' | undefined;
  /** Where the previous page ended. */
  readonly cursor?: string | undefined;
}

/** Sessions, and where the next page begins. A page that looked at many sessions may be short, even empty. */
export interface SessionPage {
  readonly sessions: readonly SessionSummary[];
  readonly next?: string;
}

/** To be called for each session that was looked at: may pause. False ends the search. */
export type Proceed = () => Promise<boolean> | boolean;

/** Sessions that one page in the order of ids looks at. */
const LOOKED_AT = 20_000;

/** @throws WasmcpError `cursor-invalid`, `store-*` */
export async function sessionPage(
  store: Store,
  bucket: string,
  query: SessionQuery,
  proceed: Proceed = () => true,
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
  const asked = { store, bucket, query, cursor, now, proceed };
  const owned = query.subject === undefined ? undefined : ownedSessions(store, bucket, query.subject);
  if (owned !== undefined) return topOf(asked, owned);
  if (query.sort === undefined) return pageById(asked);
  const places =
    query.sort === 'created'
      ? openingTimes(store, bucket)
      : query.sort === 'size'
        ? sizesOfSessions(store, bucket)
        : undefined;
  if (places !== undefined) return topOfPlaces(asked, places);
  return (await newestPage(asked)) ?? topOf(asked, candidates(asked));
}

/** A query, and where and when it is asked. */
interface Asked {
  readonly store: Store;
  readonly bucket: string;
  readonly query: SessionQuery;
  readonly cursor: Cursor | undefined;
  readonly now: number;
  readonly proceed: Proceed;
}

async function pageById({ store, bucket, query, cursor, now, proceed }: Asked): Promise<SessionPage> {
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
    if (!(await proceed())) break;
  }
  return { sessions };
}

/** The sessions that wrote last, if the store knows them without a look at all of them. */
async function newestPage({ store, bucket, query, cursor }: Asked): Promise<SessionPage | undefined> {
  const { limit, sort, order = 'desc' } = query;
  if (sort !== 'updated' || order !== 'desc') return undefined;
  const found = await newestSessions(store, bucket, {
    // One more than fits tells whether there is another page.
    limit: limit + 1,
    after: cursor && { updated: cursor.rank ?? 0, id: cursor.id },
    isMatch: (summary) => matches(summary, query),
  });
  const last = found?.[limit - 1];
  if (found === undefined) return undefined;
  return found.length > limit && last !== undefined
    ? { sessions: found.slice(0, limit), next: cursorText({ rank: last.updated, id: last.id, sort, order }) }
    : { sessions: found };
}

/** Every session that could be on the page. A session is only read whole if its size does not rule it out. */
async function* candidates({ store, bucket, query, now }: Asked): AsyncGenerator<Candidate> {
  for await (const size of sessionSizes(store, bucket, undefined, await readEdits(store, bucket))) {
    const summary = query.sort === 'created' ? await summaryOf(store, bucket, size, now) : undefined;
    if (summary !== undefined || query.sort !== 'created') yield summary ?? size;
  }
}

type Candidate = FoundSession | SessionSummary | undefined;

/** Places that are chosen at a time. */
const CHOSEN = 1000;

/** Reads those sessions that could be on the page, in the order of the page: few, once the page is full. */
async function topOfPlaces(asked: Asked, parts: AsyncIterable<Iterable<Place>>): Promise<SessionPage> {
  const { store, bucket, query, now, proceed } = asked;
  const { top, after, order } = emptyTop(asked);

  function choose(places: Iterable<Place>, start: Place | undefined): Place[] {
    const chosen = createTop<undefined>(CHOSEN, order);
    for (const place of places) {
      if (top.admits(place, start) && chosen.admits(place)) chosen.add(place, undefined);
    }
    return chosen.items().map(({ place }) => place);
  }

  for await (const places of parts) {
    let start = after;
    let chosen: readonly Place[];
    do {
      chosen = choose(places, start);
      for (const place of chosen) {
        if (!top.admits(place)) break;
        const summary = await sessionSummary(store, bucket, place.id, now);
        if (summary !== undefined && matches(summary, query)) top.add(place, summary);
        if (!(await proceed())) return { sessions: [] };
      }
      start = chosen.at(-1);
    } while (chosen.length === CHOSEN && top.admits(start!));
  }
  return pageOf(asked, top);
}

/** Looks at all candidates, and keeps as many as fit on the page. */
async function topOf(asked: Asked, found: AsyncIterable<Candidate>): Promise<SessionPage> {
  const { store, bucket, query, now, proceed } = asked;
  const { sort } = query;
  const { top, after } = emptyTop(asked);
  for await (const candidate of found) {
    if (!(await proceed())) return { sessions: [] };
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

export function matches(summary: SessionSummary, { subject, state, search }: SessionFilter): boolean {
  if (subject !== undefined && summary.subject !== subject) return false;
  if (state !== undefined && summary.state.name !== state) return false;
  if (search === undefined || search === '') return true;
  const wanted = search.toLowerCase();
  return [summary.id, summary.subject, summary.issuer].some((text) => text?.toLowerCase().includes(wanted));
}

interface Cursor {
  readonly id: string;
  readonly rank?: number;
  readonly sort?: SessionOrder;
  readonly order?: 'asc' | 'desc';
}

function cursorText(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url');
}

function parseCursor(text: string, { sort, order = 'desc' }: SessionQuery): Cursor {
  const cursor = parsedObject(text);
  const { id, rank } = cursor;
  const isOfQuery = cursor.sort === sort && (sort === undefined || cursor.order === order);
  const isWhole =
    typeof id === 'string' && isSessionId(id) && (sort === undefined || typeof rank === 'number');
  if (isOfQuery && isWhole) return cursor as unknown as Cursor;
  throw new WasmcpError('cursor-invalid', 'the cursor is not one that this query returned');
}

function parsedObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
