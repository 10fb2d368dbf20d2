import {
  checked,
  type EntryInfo,
  entriesFrom,
  type Fence,
  type Store,
  WasmcpError,
} from '../../../../host/index.ts';
import { inTurn } from '../../../mcp/edge/in-turn.ts';
import { type ChangeSearch, createChangeSearch } from '../../../mcp/sessions/changed-sessions.ts';
import { editValue, unknownSession } from '../../../mcp/sessions/edit-session.ts';
import { recordEntryEdit } from '../../../mcp/sessions/edits.ts';
import { owningSession } from '../../../mcp/sessions/owning-session.ts';
import { sessionPage } from '../../../mcp/sessions/session-page.ts';
import type { SessionPage, SessionQuery } from '../../../mcp/sessions/session-query.ts';
import { type SessionSummary, sessionSummary } from '../../../mcp/sessions/session-summary.ts';
import { endSession, keysOf } from '../../../mcp/sessions/sessions.ts';
import { storedValue, type ValueRecord, valueRecord } from '../../../mcp/sessions/value-record.ts';

/** A value of a session, by its key. */
export type NamedValue = ValueRecord & { readonly key: string };

export interface SessionDetails extends SessionSummary {
  readonly values: readonly NamedValue[];
}

/** An entry of a bucket. The version is what `swap` compares. */
export interface StoredEntry {
  readonly value: Uint8Array;
  readonly version: bigint;
  readonly updated: number | undefined;
}

export interface KeyQuery {
  readonly prefix: string;
  /** The last key of the previous page. */
  readonly after: string | undefined;
  readonly limit: number;
}

/**
 * What the API does with a store. Every argument and result can be sent to another thread; a signal as the last argument goes there, too.
 *
 * @throws WasmcpError `store-*`, `session-*`, `value-refused`, `bucket-*`, `cursor-invalid`, `lease-lost`
 */
export interface StoreService {
  buckets(): Promise<readonly string[]>;
  keys(bucket: string, query: KeyQuery): Promise<readonly EntryInfo[]>;
  entry(bucket: string, key: string): Promise<StoredEntry | undefined>;
  /** The id of the session in this bucket that the key belongs to. */
  owner(bucket: string, key: string): Promise<string | undefined>;
  /** Undefined deletes. Returns false if the entry no longer has the version. */
  writeEntry(
    bucket: string,
    key: string,
    value: Uint8Array | undefined,
    conditions: { readonly version?: bigint | undefined; readonly fence?: Fence | undefined },
  ): Promise<boolean>;
  /** The signal, when it is aborted, ends the search. */
  sessions(bucket: string, query: SessionQuery, signal: AbortSignal): Promise<SessionPage>;
  session(bucket: string, id: string): Promise<SessionDetails | undefined>;
  /** The sessions that were written since the previous call, and how long to wait until the next one. */
  changes(bucket: string): Promise<{ readonly sessions: readonly SessionSummary[]; readonly pause: number }>;
  summary(bucket: string, id: string): Promise<SessionSummary | undefined>;
  /** Undefined deletes. */
  setValue(bucket: string, id: string, key: string, record: unknown, fence: Fence | undefined): Promise<void>;
  /** The same in the turn of a session that another program serves. */
  setValueInTurn(bucket: string, id: string, key: string, record: unknown): Promise<void>;
  /** False if it is over already. */
  endSession(bucket: string, id: string, reason: string): Promise<boolean>;
}

/** Bytes of the values of one session that are shown; a session may have any number. */
const SHOWN = 32 * 1024 * 1024;

/** Characters of a JSON value up to which it is shown as a value rather than as text: clients wait for the thread that sends it. */
const PARSED: number = 64 * 1024;

/** Milliseconds until another program must have finished the request of its session. */
const TURN_TIMEOUT = 30_000;

export function createStoreService(store: Store): StoreService {
  const limited = checked(store, {}, true);
  const searches = new Map<string, ChangeSearch>();
  const setValue: StoreService['setValue'] = (bucket, session, key, record, fence) =>
    editValue(
      store,
      { bucket, session, key },
      () => (record === undefined ? undefined : storedValue(record)),
      fence,
    );
  return {
    buckets: async () => store.buckets(),
    keys: async (bucket, { prefix, after, limit }) => {
      const from = after === undefined ? prefix : `${after}\0`;
      const found = await entriesFrom(limited, bucket, from, limit);
      return found.filter(({ key }) => key.startsWith(prefix));
    },
    async entry(bucket, key) {
      const { value, version, updated } = await limited.read(bucket, key);
      return value && { value, version, updated };
    },
    owner: async (bucket, key) => (await owningSession(store, bucket, key))?.id,
    writeEntry: (bucket, key, value, conditions) =>
      recordEntryEdit(store, bucket, key, () => writeEntry(limited, bucket, key, value, conditions)),
    sessions: (bucket, query, signal) => sessionPage(store, bucket, query, signal),
    async session(bucket, id) {
      const summary = await sessionSummary(store, bucket, id, Date.now());
      return summary && { ...summary, values: await valuesOf(store, bucket, id) };
    },
    async changes(bucket) {
      const search = searches.get(bucket) ?? createChangeSearch(store, bucket);
      searches.set(bucket, search);
      return { sessions: await search.next(), pause: search.pause };
    },
    summary: (bucket, id) => sessionSummary(store, bucket, id, Date.now()),
    setValue,
    setValueInTurn: (bucket, id, key, record) =>
      inTurn(store, { bucket, id }, TURN_TIMEOUT, (fence) => setValue(bucket, id, key, record, fence)),
    async endSession(bucket, id, reason) {
      if (await endSession(store, bucket, id, reason)) return true;
      if ((await sessionSummary(store, bucket, id, Date.now())) === undefined)
        throw unknownSession(store, id);
      return false;
    },
  };
}

async function writeEntry(
  store: Store,
  ...[bucket, key, value, { version, fence }]: Parameters<StoreService['writeEntry']>
): Promise<boolean> {
  if (value === undefined) {
    if (version !== undefined && (await store.read(bucket, key)).version !== version) return false;
    await store.delete(bucket, key, fence);
    return true;
  }
  if (version !== undefined) return store.swap(bucket, key, version, value, fence);
  await store.set(bucket, key, value, fence);
  return true;
}

async function valuesOf(store: Store, bucket: string, id: string): Promise<NamedValue[]> {
  const values: NamedValue[] = [];
  let bytes = 0;
  for await (const key of keysOf(store, bucket, id)) {
    if (key === '__meta__') continue;
    const stored = await store.get(bucket, `${id}:${key}`);
    if (stored === undefined) continue;
    bytes += stored.byteLength;
    if (bytes > SHOWN) {
      throw new WasmcpError(
        'store-limit',
        `the values of session ${id} exceed ${SHOWN} bytes: use wasmcp-node sessions export`,
      );
    }
    values.push({ key, ...valueRecord(stored, PARSED) });
  }
  return values;
}
