import { type Awaitable, entriesFrom, RESERVED_PREFIX, type Store } from '../../../host/index.ts';
import { isSessionId, metadataKey, prefixOf, sessionOfKey } from './layout.ts';

/**
 * What administrators have changed in a session, so that it is not taken for what its client did. From the first edit on until
 * the client writes again, everything is theirs: entries that were last written between these two times, which are inclusive.
 */
export interface SessionEdits {
  readonly from: number;
  readonly to: number;
  /** When the session itself had last written before; an edit may have replaced or deleted what it wrote. */
  readonly before: number;
}

/** By the ids of sessions. */
export type Edits = ReadonlyMap<string, SessionEdits>;

/** Where the edits are recorded, by bucket and session. */
export const EDITS: string = `${RESERVED_PREFIX}edits`;

/** Records that are read at once. */
const PAGE = 1000;
/** Entries of a session that are read at once. */
const FEW = 50;

function recordKey(bucket: string, session: string): string {
  return `${bucket}/${session}`;
}

/** Whether an edit, and no request of the session, wrote an entry last. */
export function isEdit(edits: SessionEdits | undefined, updated: number): boolean {
  return edits !== undefined && updated >= edits.from && updated <= edits.to;
}

/** The edits of all sessions of a bucket. */
export async function readEdits(store: Store, bucket: string): Promise<Edits> {
  const found = new Map<string, SessionEdits>();
  for await (const { key, session } of records(store, bucket)) {
    const edits = parsed(await store.get(EDITS, key));
    if (edits !== undefined) found.set(session, edits);
  }
  return found;
}

/** The edits of one session. */
export async function readEditsOf(
  store: Store,
  bucket: string,
  session: string,
): Promise<SessionEdits | undefined> {
  return parsed(await store.get(EDITS, recordKey(bucket, session)));
}

/**
 * Does what an administrator wants done to an entry of a session, and records that it was no request of the session. To be called
 * while it is the session's turn. An edit that is interrupted before it is recorded counts as a write of the session.
 *
 * @param write Returns false if it has changed nothing.
 */
export async function recordEdit<T>(
  store: Store,
  { bucket, session, key }: { readonly bucket: string; readonly session: string; readonly key: string },
  write: () => Awaitable<T>,
): Promise<T> {
  const edits = await readEditsOf(store, bucket, session);
  const before = await lastWrite(store, bucket, session, edits);
  const result = await write();
  if (result === false || before === undefined) return result;
  const { updated: at = Date.now() } = await store.read(bucket, `${prefixOf(session)}${key}`);
  const isAlone = edits === undefined || before > edits.to;
  const from = isAlone ? at : Math.min(edits.from, at);
  const record: SessionEdits = { from, to: isAlone ? at : Math.max(edits.to, at), before };
  await store.set(EDITS, recordKey(bucket, session), Buffer.from(JSON.stringify(record)));
  return result;
}

/** As `recordEdit`, for any key of a bucket. */
export async function recordEntryEdit<T>(
  store: Store,
  bucket: string,
  path: string,
  write: () => Awaitable<T>,
): Promise<T> {
  const session = sessionOfKey(path);
  if (session === undefined) return write();
  return recordEdit(store, { bucket, session, key: path.slice(prefixOf(session).length) }, write);
}

/** When a session itself last wrote; undefined if it does not exist. */
async function lastWrite(
  store: Store,
  bucket: string,
  session: string,
  edits: SessionEdits | undefined,
): Promise<number | undefined> {
  if (!isSessionId(session) || !(await store.exists(bucket, metadataKey(session)))) return undefined;
  const prefix = prefixOf(session);
  let last = edits?.before ?? 0;
  for (let from = prefix; ; ) {
    const entries = await entriesFrom(store, bucket, from, FEW);
    const own = entries.filter(({ key }) => key.startsWith(prefix));
    for (const { updated } of own) if (updated > last && !isEdit(edits, updated)) last = updated;
    if (own.length < FEW) return last;
    from = `${own.at(-1)!.key}\0`;
  }
}

/** Deletes the records of sessions that are gone. */
export async function purgeEdits(
  store: Store,
  bucket: string,
  proceed: () => Promise<boolean> | boolean,
): Promise<void> {
  for await (const { key, session } of records(store, bucket)) {
    if (!(await store.exists(bucket, metadataKey(session)))) await store.delete(EDITS, key);
    if (!(await proceed())) return;
  }
}

async function* records(
  store: Store,
  bucket: string,
): AsyncGenerator<{ readonly key: string; readonly session: string }> {
  const prefix = recordKey(bucket, '');
  for (let from = prefix; ; ) {
    const keys = await store.range(EDITS, from, PAGE);
    for (const key of keys) {
      if (!key.startsWith(prefix)) return;
      const session = key.slice(prefix.length);
      // Names of buckets may contain slashes.
      if (isSessionId(session)) yield { key, session };
    }
    const last = keys.at(-1);
    if (last === undefined || keys.length < PAGE) return;
    from = `${last}\0`;
  }
}

function parsed(stored: Uint8Array | undefined): SessionEdits | undefined {
  if (stored === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(stored).toString());
    const { from, to, before } = value as Record<keyof SessionEdits, unknown>;
    if (typeof from === 'number' && typeof to === 'number' && typeof before === 'number') {
      return { from, to, before };
    }
  } catch {
    // Somebody else's.
  }
  return undefined;
}
