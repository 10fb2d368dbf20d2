import type { EntryInfo, Store } from '../../../host/index.ts';
import { type Edits, isEdit, readEdits } from './edits.ts';
import { createIdSet, type IdSet } from './id-table.ts';
import { metadataKey, sessionOfKey } from './layout.ts';
import { readMetadata, type SessionState, stateOf } from './metadata.ts';
import type { Pause } from './pauses.ts';
import type { SessionFilter } from './session-query.ts';
import { ISSUER, type SessionSummary, SUBJECT, sessionSummary } from './session-summary.ts';
import { encodeTyped } from './typed-value.ts';

/**
 * The sessions of one owner, in the order in which they were opened. Undefined if this kind of store cannot search for them
 * faster than by looking at every session.
 */
export function ownedSessions(
  store: Store,
  bucket: string,
  subject: string,
): AsyncGenerator<SessionSummary | undefined> | undefined {
  return store.withEnding === undefined ? undefined : searched(store, store.withEnding, bucket, subject);
}

/** Yields undefined after each part of the store that it has looked at, so that the caller can pause or end it. */
async function* searched(
  store: Store,
  search: NonNullable<Store['withEnding']>,
  bucket: string,
  subject: string,
): AsyncGenerator<SessionSummary | undefined> {
  const values = [
    encodeTyped({ type: 'bytes', value: new TextEncoder().encode(subject) }),
    encodeTyped({ type: 'string', value: subject }),
  ];
  let cursor: bigint | undefined;
  do {
    const page = await search.call(store, bucket, `:${SUBJECT}`, values, cursor);
    for (const key of page.keys) {
      const id = sessionOfKey(key);
      if (id === undefined || key !== `${id}:${SUBJECT}`) continue;
      yield await sessionSummary(store, bucket, id, Date.now());
    }
    yield undefined;
    cursor = page.cursor;
  } while (cursor !== undefined);
}

/** Sessions that are known to match at most, which takes 50 MB. */
const MATCHING = 1_000_000;

/**
 * The ids of sessions that may match, and of all that do: found by a look at what the filter is about, without reading each session.
 * Undefined if there is no such filter, if this kind of store has no such search, or if very many match.
 */
export async function sessionsThatMatch(
  store: Store,
  bucket: string,
  { search, state }: Pick<SessionFilter, 'search' | 'state'>,
  { now, pause }: { readonly now: number; readonly pause: Pause },
): Promise<IdSet | undefined> {
  const ids = createIdSet();
  const parts =
    search && isAscii(search) && store.withText !== undefined
      ? withText(store, bucket, search.toLowerCase())
      : state !== undefined && store.valuesWithEnding !== undefined
        ? inState(store, bucket, state, now)
        : undefined;
  if (parts === undefined) return undefined;
  for await (const part of parts) {
    for (const id of part) ids.add(id);
    await pause();
    if (ids.size > MATCHING) return undefined;
  }
  return ids;
}

/** Stores know capital letters of other alphabets in different ways. */
function isAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

async function* withText(store: Store, bucket: string, text: string): AsyncGenerator<string[]> {
  const query = {
    text,
    inKeys: metadataKey(''),
    inValues: [`:${SUBJECT}`, `:${ISSUER}`] as const,
  };
  let cursor: bigint | undefined;
  do {
    const page = await store.withText!(bucket, query, cursor);
    yield page.keys.flatMap((key) => {
      const id = sessionOfKey(key);
      const isFound = id !== undefined && (key !== metadataKey(id) || id.includes(text));
      return isFound ? [id] : [];
    });
    cursor = page.cursor;
  } while (cursor !== undefined);
}

async function* inState(
  store: Store,
  bucket: string,
  state: SessionState['name'],
  now: number,
): AsyncGenerator<string[]> {
  let cursor: bigint | undefined;
  do {
    const page = await store.valuesWithEnding!(bucket, metadataKey(''), cursor);
    yield page.entries.flatMap(([key, value]) => {
      const id = sessionOfKey(key);
      if (id === undefined || key !== metadataKey(id)) return [];
      const metadata = value && readMetadata(value);
      // Long ones are not here, and are read later. The state does not depend on when it was written.
      const isFound = value === undefined || (metadata && stateOf(metadata, 0, now).name === state);
      return isFound ? [id] : [];
    });
    cursor = page.cursor;
  } while (cursor !== undefined);
}

/** Entries among which `newestSessions` looks at most, without and with a filter: other searches are for few that match. */
const MOST = 50_000;
const MOST_FILTERED = 5000;
/** Entries that a session is expected to have written last. */
const EACH = 16;

/**
 * The first `limit` sessions that match, the one that wrote last first, beginning after a place in that order. Undefined if the
 * store cannot tell what was written last, or if too much was written between those that match.
 */
export async function newestSessions(
  store: Store,
  bucket: string,
  { limit, after, isMatch, isFiltered, pause }: NewestQuery,
): Promise<SessionSummary[] | undefined> {
  if (store.newest === undefined) return undefined;
  const most = isFiltered ? MOST_FILTERED : MOST;
  const before = after?.updated ?? Number.MAX_SAFE_INTEGER;
  const edits = await readEdits(store, bucket);
  const found: SessionSummary[] = [];
  const seen = new Set<string>();
  for (let size = Math.min(limit * EACH, most); ; size = Math.min(size * 4, most)) {
    const entries = await store.newest(bucket, before, size);
    await pause();
    const until = entries.length < size ? 0 : entries.at(-1)!.updated;
    for (const { id, updated } of writesOfSessions(entries, edits, { before, until })) {
      if (seen.has(id)) continue;
      seen.add(id);
      if (updated === after?.updated && id <= after.id) continue;
      await pause();
      const summary = await sessionSummary(store, bucket, id, Date.now(), edits);
      // A session that has written later than this entry was on an earlier page.
      if (summary === undefined || summary.updated !== updated || !isMatch(summary)) continue;
      found.push(summary);
      if (found.length === limit) return found;
    }
    if (entries.length < size) return found;
    if (size === most) return undefined;
  }
}

interface Write {
  readonly id: string;
  readonly updated: number;
}

/** What sessions wrote themselves, as `newest` orders it: without edits, and with what they had written before these. */
function writesOfSessions(
  entries: readonly EntryInfo[],
  edits: Edits,
  { before, until }: { readonly before: number; readonly until: number },
): readonly Write[] {
  const writes: Write[] = [];
  for (const { key, updated } of entries) {
    const id = sessionOfKey(key);
    if (id !== undefined && !isEdit(edits.get(id), updated)) writes.push({ id, updated });
  }
  if (edits.size === 0) return writes;
  for (const [id, { before: updated }] of edits) {
    if (updated <= before && updated >= until) writes.push({ id, updated });
  }
  return writes.sort((a, b) => b.updated - a.updated || (a.id < b.id ? -1 : 1));
}

export interface NewestQuery {
  readonly limit: number;
  readonly after: { readonly updated: number; readonly id: string } | undefined;
  readonly isMatch: (summary: SessionSummary) => boolean;
  /** Whether it leaves sessions out. */
  readonly isFiltered: boolean;
  readonly pause: Pause;
}
