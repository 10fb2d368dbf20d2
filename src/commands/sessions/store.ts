import { RESERVED_PREFIX, type Store, WasmcpError } from '../../../host/index.ts';
import { unknownSession } from '../../mcp/sessions/edit-session.ts';
import { couldBeginId } from '../../mcp/sessions/layout.ts';
import { type SessionSummary, sessionSummaries, sessionSummary } from '../../mcp/sessions/session-summary.ts';
import type { OptionAdjustment, OptionValues } from '../../options/types.ts';
import type { Argument } from '../command.ts';
import { type OpenedStoreOptions, withOpenedStore } from '../opened-store.ts';

/** `--bucket` for these commands. */
export const BUCKET: OptionAdjustment<'bucket'> = {
  description: 'a bucket to search for sessions; default: all buckets of the store',
};

/** `--timeout` for commands that change a session. */
export const TURN_TIMEOUT: OptionAdjustment<'timeout'> = {
  description: 'how long to wait for the request of the session that is running',
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
      // What the program keeps for itself are no sessions, such as the notes of the stdio bridge.
      const isShown = (name: string): boolean => !name.startsWith(RESERVED_PREFIX);
      const buckets = options.bucket ?? (await store.buckets()).filter(isShown);
      return work(store, buckets);
    },
    opening,
  );
}

/** The sessions of all these buckets. */
export async function* allSessions(store: Store, buckets: readonly string[]): AsyncGenerator<SessionSummary> {
  const now = Date.now();
  for (const bucket of buckets) {
    for await (const { summary } of sessionSummaries(store, bucket, now)) {
      if (summary !== undefined) yield summary;
    }
  }
}

/** `id` for these commands. */
export const SESSION_ID: Argument = {
  name: 'id',
  description: "the session's id, or its first characters, at least 8",
};

/** Characters of an id that may stand for all of it, if no other session's begins with them. */
const SHORTEST = 8;

/**
 * The session with this id, or the only one whose id begins with it.
 *
 * @throws WasmcpError `session-unknown`, `option-invalid`
 */
export async function findSession(
  store: Store,
  buckets: readonly string[],
  id: string,
): Promise<SessionSummary> {
  for (const bucket of buckets) {
    const session = await sessionSummary(store, bucket, id, Date.now());
    if (session !== undefined) return session;
  }
  if (couldBeginId(id)) return onlySession(store, buckets, id);
  throw unknownSession(store, id);
}

async function onlySession(store: Store, buckets: readonly string[], start: string): Promise<SessionSummary> {
  if (start.length < SHORTEST) {
    throw new WasmcpError(
      'option-invalid',
      `"${start}" is too short: give the whole id of the session, or at least its first ${SHORTEST} characters`,
    );
  }
  let only: SessionSummary | undefined;
  const now = Date.now();
  for (const bucket of buckets) {
    for await (const { size, summary } of sessionSummaries(store, bucket, now, start)) {
      if (!size.id.startsWith(start)) break;
      if (summary === undefined) continue;
      if (only !== undefined) {
        throw new WasmcpError(
          'option-invalid',
          `the ids of several sessions begin with "${start}": give more of it`,
        );
      }
      only = summary;
    }
  }
  if (only === undefined) throw unknownSession(store, start);
  return only;
}
