import { entriesFrom, type Store } from '../../../host/index.ts';
import { isSessionId, metadataKey, nextPossible, prefixOf, sessionOfKey } from './layout.ts';
import { readMetadata, type SessionMetadata, type SessionState, stateOf } from './metadata.ts';
import { decodeTyped } from './typed-value.ts';

/** How much a session has stored, and when it last did. */
export interface SessionSize {
  readonly id: string;
  readonly keys: number;
  /** Of its values. */
  readonly bytes: number;
  /** In milliseconds since 1970, as all times here. */
  readonly updated: number;
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
const ISSUER = 'jwt:iss';

/** Entries that are read at once, of many sessions and of one. */
const PAGE = 1000;
const FEW = 50;

/**
 * The sizes of what may be sessions of a bucket, ordered by id, from this key on. Reads their keys in pages, however many keys
 * lie between them. What has no metadata is no session, and left out.
 */
export async function* sessionSizes(
  store: Store,
  bucket: string,
  start: string = '0',
  page: number = PAGE,
): AsyncGenerator<SessionSize> {
  let from: string | undefined = start;
  let current: Counted | undefined;
  while (from !== undefined) {
    const entries = await entriesFrom(store, bucket, from, page);
    for (const { key, size, updated } of entries) {
      const id = sessionOfKey(key);
      if (id !== current?.id) {
        if (current?.isSession) yield sizeOf(current);
        current = id === undefined ? undefined : { id, keys: 0, bytes: 0, updated: 0, isSession: false };
      }
      if (current !== undefined) count(current, key, size, updated);
    }
    const last = entries.at(-1)?.key;
    if (last === undefined || entries.length < page) break;
    from = sessionOfKey(last) === undefined ? nextPossible(last) : `${last}\0`;
  }
  if (current?.isSession) yield sizeOf(current);
}

interface Counted {
  readonly id: string;
  keys: number;
  bytes: number;
  updated: number;
  isSession: boolean;
}

function count(session: Counted, key: string, size: number, updated: number): void {
  session.keys += 1;
  session.bytes += size;
  if (updated > session.updated) session.updated = updated;
  if (key === metadataKey(session.id)) session.isSession = true;
}

function sizeOf({ id, keys, bytes, updated }: Counted): SessionSize {
  return { id, keys, bytes, updated };
}

/** Undefined for a session that is gone, or whose metadata no wasmcp server wrote. */
export async function summaryOf(
  store: Store,
  bucket: string,
  size: SessionSize,
  now: number,
): Promise<SessionSummary | undefined> {
  const { id } = size;
  const { value, updated } = await store.read(bucket, metadataKey(id));
  const metadata = value && readMetadata(value);
  if (metadata === undefined || updated === undefined) return undefined;
  const [subject, issuer] = await store.getMany(bucket, [`${id}:${SUBJECT}`, `${id}:${ISSUER}`]);
  return {
    ...size,
    bucket,
    metadata,
    state: stateOf(metadata, updated, now),
    ...(subject && { subject: claimText(subject) }),
    ...(issuer && { issuer: claimText(issuer) }),
  };
}

/** The summary of one session; undefined if there is none with this id. */
export async function sessionSummary(
  store: Store,
  bucket: string,
  id: string,
  now: number,
): Promise<SessionSummary | undefined> {
  if (!isSessionId(id)) return undefined;
  const session: Counted = { id, keys: 0, bytes: 0, updated: 0, isSession: false };
  let from = prefixOf(id);
  for (;;) {
    const entries = await entriesFrom(store, bucket, from, FEW);
    const own = entries.filter(({ key }) => key.startsWith(prefixOf(id)));
    for (const { key, size, updated } of own) count(session, key, size, updated);
    if (own.length < FEW) break;
    from = `${own.at(-1)!.key}\0`;
  }
  return session.isSession ? summaryOf(store, bucket, sizeOf(session), now) : undefined;
}

/** wasmcp's servers store claims as bytes or as text. */
function claimText(stored: Uint8Array): string {
  const value = decodeTyped(stored)?.value ?? stored;
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : String(value);
}
