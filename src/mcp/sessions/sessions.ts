import { keysWith, type Store } from '../../../host/index.ts';
import { recordEdit } from './edits.ts';
import { firstAfter, isSessionId, metadataKey, nextPossible, prefixOf, sessionOfKey } from './layout.ts';
import { endedMetadata, readMetadata, type SessionMetadata, type SessionState, stateOf } from './metadata.ts';

/** A session that was read from a bucket. */
export interface StoredSession {
  readonly id: string;
  readonly metadata: SessionMetadata;
  readonly state: SessionState;
}

/** Keys that are read or deleted at once. */
const BATCH = 100;

/** What may be a session, and all its keys; undefined if there may be more of them than are read at once. */
export interface SessionKeys {
  readonly id: string;
  readonly keys: readonly string[] | undefined;
}

/** What may be the sessions of a bucket, in order, in parts that were read together. */
export async function* sessionParts(store: Store, bucket: string): AsyncGenerator<SessionKeys[]> {
  let from: string | undefined = '0';
  while (from !== undefined) {
    const keys: readonly string[] = await store.range(bucket, from, BATCH);
    const last = keys.at(-1);
    if (last === undefined) return;
    const found = new Map<string, string[]>();
    for (const key of keys) {
      const id = sessionOfKey(key);
      const known = id && found.get(id);
      if (known) known.push(key);
      else if (id !== undefined) found.set(id, [key]);
    }
    const isCut = keys.length === BATCH;
    const cut = isCut ? sessionOfKey(last) : undefined;
    if (cut === undefined) {
      from = isCut ? nextPossible(last) : undefined;
    } else if (found.size > 1) {
      found.delete(cut);
      from = prefixOf(cut);
    } else {
      yield [{ id: cut, keys: undefined }];
      found.clear();
      from = firstAfter(cut);
    }
    yield [...found].map(([id, keys]) => ({ id, keys }));
  }
}

/** Returns `unclear` when the metadata was not written by a wasmcp server, undefined when there is none. */
export async function readSession(
  store: Store,
  bucket: string,
  id: string,
  now: number,
): Promise<StoredSession | 'unclear' | undefined> {
  if (!isSessionId(id)) return undefined;
  const { value, updated } = await store.read(bucket, metadataKey(id));
  if (value === undefined) return undefined;
  const metadata = readMetadata(value);
  if (metadata === undefined || updated === undefined) return 'unclear';
  return { id, metadata, state: stateOf(metadata, updated, now) };
}

/** The keys of a session without its id, metadata included, in order. */
export async function* keysOf(store: Store, bucket: string, id: string): AsyncGenerator<string> {
  const prefix = prefixOf(id);
  for await (const key of keysWith(store, bucket, prefix, BATCH)) yield key.slice(prefix.length);
}

/**
 * Marks a session as ended for an administrator, as a server does: its data stays. Returns false when it is over, or does not exist.
 *
 * @throws WasmcpError `store-*`
 */
export async function endSession(store: Store, bucket: string, id: string, reason: string): Promise<boolean> {
  if (!isSessionId(id)) return false;
  const key = metadataKey(id);
  return recordEdit(store, { bucket, session: id, key: key.slice(prefixOf(id).length) }, async () => {
    for (;;) {
      const { value, version } = await store.read(bucket, key);
      const metadata = value && readMetadata(value);
      if (metadata === undefined || stateOf(metadata, 0, Date.now()).name !== 'live') return false;
      if (await store.swap(bucket, key, version, endedMetadata(metadata, reason))) return true;
    }
  });
}

/**
 * Deletes a session that is over, a hundred keys at a time, the metadata last: an interrupted deletion is found again.
 * Returns the number of keys.
 */
export async function deleteSession(store: Store, bucket: string, id: string): Promise<number> {
  const prefix = prefixOf(id);
  const metadata = metadataKey(id);
  let deleted = 0;
  for (;;) {
    const found = await store.range(bucket, prefix, BATCH);
    const keys = found.filter((key) => key.startsWith(prefix));
    const last = keys.length < BATCH;
    const chosen = last ? keys : keys.filter((key) => key !== metadata);
    await store.deleteMany(bucket, chosen);
    deleted += chosen.length;
    if (last) return deleted;
  }
}
