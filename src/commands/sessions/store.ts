import { type Durability, openStore, type Store, WasmcpError } from '../../index.ts';
import { readSession, type StoredSession, sessionIds } from '../../mcp/sessions/sessions.ts';
import { STDIO_BUCKET } from '../../mcp/stdio/memory.ts';
import type { OptionAdjustment, OptionValues } from '../../options/types.ts';

/** A session, and where it is. */
export interface Found extends StoredSession {
  readonly bucket: string;
}

/** What the commands here say of `--bucket`. */
export const BUCKET: OptionAdjustment<'bucket'> = {
  description: 'a bucket to look for sessions in; default: all of the store',
};

/**
 * Does `work` with a store that is there already, and with the buckets that are meant.
 *
 * @throws WasmcpError `store-*`
 */
export async function withStore<T>(
  options: OptionValues,
  work: (store: Store, buckets: readonly string[]) => Promise<T>,
  durability: Durability = 'strict',
): Promise<T> {
  const store = await openStore(options.store, { create: false, durability });
  try {
    // What the stdio bridge notes for itself is nobody's session.
    const buckets = options.bucket ?? (await store.buckets()).filter((name) => name !== STDIO_BUCKET);
    return await work(store, buckets);
  } finally {
    await store.close();
  }
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
