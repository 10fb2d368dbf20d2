import { setImmediate as turn } from 'node:timers/promises';
import { entriesFrom, type Store, WasmcpError } from '../../../host/index.ts';
import { type Edits, isEdit, readEdits, readEditsOf, type SessionEdits } from './edits.ts';
import { isSessionId, metadataKey, nextPossible, prefixOf, sessionOfKey } from './layout.ts';
import { readMetadata, type SessionMetadata, type SessionState, stateOf } from './metadata.ts';
import { decodeTyped } from './typed-value.ts';

/** How much a session has stored, and when it last did. */
export interface SessionSize {
  readonly id: string;
  readonly keys: number;
  /** Of its values. */
  readonly bytes: number;
  /** In milliseconds since 1970, as all times here. Edits of administrators do not count. */
  readonly updated: number;
  /** When an administrator last edited it; undefined if none did. */
  readonly edited: number | undefined;
}

/** A session as it was found among the keys. */
export interface FoundSession extends SessionSize {
  /** When its metadata was last written. */
  readonly metadataUpdated: number;
}

/** One session without its values. */
export interface SessionSummary extends SessionSize {
  readonly bucket: string;
  readonly metadata: SessionMetadata;
  readonly state: SessionState;
  /** Its owner, if it was opened with a token. */
  readonly subject?: string;
  readonly issuer?: string;
}

/** The key of a session's owner. */
export const SUBJECT = 'jwt:sub';
export const ISSUER = 'jwt:iss';

/** Entries that are read at once, of many sessions and of one. */
const PAGE = 1000;
const FEW = 50;

/**
 * The sizes of what may be sessions of a bucket, ordered by id, from this key on. Reads their keys in pages, however many keys
 * lie between them. What has no metadata is no session, and left out.
 *
 * @param edits Those of the bucket: without them, `updated` is the last write of anybody.
 */
export async function* sessionSizes(
  store: Store,
  bucket: string,
  start: string = '0',
  edits: Edits = new Map(),
): AsyncGenerator<FoundSession> {
  let from: string | undefined = start;
  let current: Counted | undefined;
  while (from !== undefined) {
    const entries = await entriesFrom(store, bucket, from, PAGE);
    // A store on this thread lets nothing else run.
    await turn();
    for (const { key, size, updated } of entries) {
      const id = sessionOfKey(key);
      if (id !== current?.id) {
        const complete = current && sizeOf(current);
        if (complete !== undefined) yield complete;
        current = id === undefined ? undefined : newSession(id, edits.get(id));
      }
      if (current !== undefined) count(current, key, size, updated);
    }
    const last = entries.at(-1)?.key;
    if (last === undefined || entries.length < PAGE) break;
    from = sessionOfKey(last) === undefined ? nextPossible(last) : `${last}\0`;
  }
  const last = current && sizeOf(current);
  if (last !== undefined) yield last;
}

interface Counted {
  readonly id: string;
  keys: number;
  bytes: number;
  updated: number;
  /** Undefined for what is no session so far. */
  metadataUpdated: number | undefined;
  readonly edits: SessionEdits | undefined;
}

function newSession(id: string, edits: SessionEdits | undefined): Counted {
  return { id, keys: 0, bytes: 0, updated: edits?.before ?? 0, metadataUpdated: undefined, edits };
}

function count(session: Counted, key: string, size: number, updated: number): void {
  session.keys += 1;
  session.bytes += size;
  if (updated > session.updated && !isEdit(session.edits, updated)) session.updated = updated;
  if (key === metadataKey(session.id)) session.metadataUpdated = updated;
}

function sizeOf({ id, keys, bytes, updated, metadataUpdated, edits }: Counted): FoundSession | undefined {
  if (metadataUpdated === undefined) return undefined;
  return { id, keys, bytes, updated, edited: edits?.to, metadataUpdated };
}

/** A session that was found, and its summary; undefined if it is gone, or no wasmcp server wrote its metadata. */
export interface Summarized {
  readonly size: FoundSession;
  readonly summary: SessionSummary | undefined;
}

/** The sessions of a bucket, ordered by id, from this key on. */
export async function* sessionSummaries(
  store: Store,
  bucket: string,
  now: number,
  start?: string,
): AsyncGenerator<Summarized> {
  let sizes: FoundSession[] = [];
  for await (const size of sessionSizes(store, bucket, start, await readEdits(store, bucket))) {
    sizes.push(size);
    if (sizes.length < FEW) continue;
    yield* await summarized(store, bucket, sizes, now);
    sizes = [];
  }
  yield* await summarized(store, bucket, sizes, now);
}

async function summarized(
  store: Store,
  bucket: string,
  sizes: readonly FoundSession[],
  now: number,
): Promise<Summarized[]> {
  const keys = sizes.flatMap(({ id }) => [metadataKey(id), `${id}:${SUBJECT}`, `${id}:${ISSUER}`]);
  const values = await valuesOf(store, bucket, keys);
  return sizes.map((size, at) => {
    const [stored, subject, issuer] = values.slice(3 * at, 3 * at + 3);
    const metadata = stored && readMetadata(stored);
    if (metadata === undefined) return { size, summary: undefined };
    const { id, keys, bytes, updated, edited, metadataUpdated } = size;
    const state = stateOf(metadata, metadataUpdated, now);
    const owner = {
      ...(subject && { subject: claimText(subject) }),
      ...(issuer && { issuer: claimText(issuer) }),
    };
    return { size, summary: { id, keys, bytes, updated, edited, bucket, metadata, state, ...owner } };
  });
}

/** Undefined for a session that is gone, or whose metadata no wasmcp server wrote. */
export async function summaryOf(
  store: Store,
  bucket: string,
  size: FoundSession,
  now: number,
): Promise<SessionSummary | undefined> {
  const [found] = await summarized(store, bucket, [size], now);
  return found!.summary;
}

/** The values of these keys, in few steps. */
export async function valuesOf(
  store: Store,
  bucket: string,
  keys: readonly string[],
): Promise<(Uint8Array | undefined)[]> {
  try {
    return await store.getMany(bucket, keys);
  } catch (error) {
    if (!(error instanceof WasmcpError) || error.code !== 'store-limit') throw error;
    const values: (Uint8Array | undefined)[] = [];
    for (const key of keys) values.push(await store.get(bucket, key));
    return values;
  }
}

/** The summary of one session; undefined if there is none with this id. @param edits Those of the bucket, if they are known */
export async function sessionSummary(
  store: Store,
  bucket: string,
  id: string,
  now: number,
  edits?: Edits,
): Promise<SessionSummary | undefined> {
  if (!isSessionId(id)) return undefined;
  const session = newSession(id, edits ? edits.get(id) : await readEditsOf(store, bucket, id));
  let from = prefixOf(id);
  for (;;) {
    const entries = await entriesFrom(store, bucket, from, FEW);
    const own = entries.filter(({ key }) => key.startsWith(prefixOf(id)));
    for (const { key, size, updated } of own) count(session, key, size, updated);
    if (own.length < FEW) break;
    from = `${own.at(-1)!.key}\0`;
  }
  const size = sizeOf(session);
  return size && summaryOf(store, bucket, size, now);
}

/** wasmcp's servers store claims as bytes or as text. */
function claimText(stored: Uint8Array): string {
  const value = decodeTyped(stored)?.value ?? stored;
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : String(value);
}
