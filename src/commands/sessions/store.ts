import { type Store, WasmcpError } from '../../../host/index.ts';
import { readSession, type StoredSession, sessionIds } from '../../mcp/sessions/sessions.ts';
import { STDIO_BUCKET } from '../../mcp/stdio/memory.ts';
import type { OptionAdjustment, OptionValues } from '../../options/types.ts';
import { type OpenedStoreOptions, withOpenedStore } from '../opened-store.ts';

/** A session, and its bucket. */
export interface Found extends StoredSession {
  readonly bucket: string;
}

/** `--bucket` for these commands. */
export const BUCKET: OptionAdjustment<'bucket'> = {
  description: 'a bucket to search for sessions; default: all buckets of the store',
};

/**
 * Calls `work` with an existing store, and with the buckets to search.
 *
 * @throws WasmcpError `store-*`
 */
export async function withStore<T>(
  options: OptionValues,
  work: (store: Store, buckets: readonly string[]) => Promise<T>,
  opening?: OpenedStoreOptions,
): Promise<T> {
  return withOpenedStore(
    options,
    async (store) => {
      // The notes of the stdio bridge are not sessions.
      const buckets = options.bucket ?? (await store.buckets()).filter((name) => name !== STDIO_BUCKET);
      return work(store, buckets);
    },
    opening,
  );
}

/** The sessions of all these buckets. */
export async function* allSessions(store: Store, buckets: readonly string[]): AsyncGenerator<Found> {
  const now = Date.now();
  for (const bucket of buckets) {
    for await (const id of sessionIds(store, bucket)) {
      const session = await readSession(store, bucket, id, now);
      if (session !== undefined && session !== 'unclear') yield { ...session, bucket };
    }
  }
}

/** @throws WasmcpError `session-unknown` */
export async function findSession(store: Store, buckets: readonly string[], id: string): Promise<Found> {
  for (const bucket of buckets) {
    const session = await readSession(store, bucket, id, Date.now());
    if (session !== undefined && session !== 'unclear') return { ...session, bucket };
  }
  throw new WasmcpError('session-unknown', `${store.url} has no session "${id}"`);
}
