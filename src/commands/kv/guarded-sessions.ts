import type { Entry, Store } from '../../../host/index.ts';
import { sessionOfKey } from '../../mcp/sessions/layout.ts';
import { owningSession } from '../../mcp/sessions/owning-session.ts';
import type { OptionValues } from '../../options/types.ts';
import { refuseSession } from './store.ts';

/**
 * For an import: refuses entries that would change a session that was there before it. Sessions that the import itself brings
 * are written, and so is what the store has already.
 */
export function guardedSessions(
  store: Store,
  options: Pick<OptionValues, 'internal'>,
): (entry: Entry) => Promise<void> {
  // Exports are ordered, so the lines of one session follow each other.
  let last: { readonly bucket: string; readonly id: string; readonly existed: boolean } | undefined;
  return async (entry) => {
    const { bucket, key, value } = entry;
    const id = options.internal ? undefined : sessionOfKey(key);
    if (id === undefined) return;
    if (last?.id !== id || last.bucket !== bucket) {
      last = { bucket, id, existed: (await owningSession(store, bucket, key)) !== undefined };
    }
    if (!last.existed) return;
    const present = await store.get(bucket, key);
    if (present === undefined || Buffer.compare(present, value) !== 0) {
      await refuseSession(store, entry, options);
    }
  };
}
