import type { Store } from '../../../host/index.ts';
import { sessionOfKey } from './layout.ts';
import { readSession, type StoredSession } from './sessions.ts';

/** The session that a key belongs to, if that session is in the bucket. */
export async function owningSession(
  store: Store,
  bucket: string,
  key: string,
): Promise<StoredSession | undefined> {
  const id = sessionOfKey(key);
  if (id === undefined) return undefined;
  const found = await readSession(store, bucket, id, Date.now());
  return found === 'unclear' ? undefined : found;
}
