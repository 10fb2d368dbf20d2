import type { Store } from '../../../host/index.ts';
import { type SessionSummary, valuesOf } from '../../mcp/sessions/session-summary.ts';
import { keysOf } from '../../mcp/sessions/sessions.ts';
import { type ValueRecord, valueRecord } from '../../mcp/sessions/value-record.ts';

/** Values that are read at once. */
const TOGETHER = 20;

/** A session as JSON. Times are ISO 8601. */
export interface SessionRecord {
  readonly id: string;
  readonly bucket: string;
  readonly state: 'live' | 'ended' | 'expired';
  readonly created: string;
  /** When its server last wrote one of its values. */
  readonly updated: string;
  /** When an administrator last changed it. */
  readonly edited?: string;
  readonly expires?: string;
  /** When servers stopped accepting it. */
  readonly over?: string;
  readonly reason?: string;
  /** Its owner, if it was opened with a token. */
  readonly subject?: string;
  readonly issuer?: string;
  readonly keys: number;
  /** Of its values. */
  readonly bytes: number;
}

export function recordOf(summary: SessionSummary): SessionRecord {
  const { id, bucket, metadata, state, updated, edited, subject, issuer, keys, bytes } = summary;
  const { createdAt, expiresAt, reason } = metadata;
  return {
    id,
    bucket,
    state: state.name,
    created: time(createdAt),
    updated: time(updated),
    ...(edited !== undefined && { edited: time(edited) }),
    ...(expiresAt !== undefined && { expires: time(expiresAt) }),
    ...(state.name !== 'live' && { over: time(state.since) }),
    ...(reason !== undefined && { reason }),
    ...(subject !== undefined && { subject }),
    ...(issuer !== undefined && { issuer }),
    keys,
    bytes,
  };
}

/** The values of a session by their keys, the metadata of the server included. */
export async function* dataOf(
  store: Store,
  { id, bucket }: Pick<SessionSummary, 'id' | 'bucket'>,
): AsyncGenerator<readonly [key: string, stored: Uint8Array]> {
  let keys: string[] = [];
  const read = async (): Promise<[string, Uint8Array][]> => {
    const values = await valuesOf(
      store,
      bucket,
      keys.map((key) => `${id}:${key}`),
    );
    return keys.flatMap((key, at) => (values[at] === undefined ? [] : [[key, values[at]]]));
  };
  for await (const key of keysOf(store, bucket, id)) {
    if (keys.push(key) < TOGETHER) continue;
    yield* await read();
    keys = [];
  }
  yield* await read();
}

/** The session with all its values, without the metadata. */
export async function wholeRecord(
  store: Store,
  session: SessionSummary,
): Promise<SessionRecord & { readonly data: Readonly<Record<string, ValueRecord>> }> {
  const data = new Map<string, ValueRecord>();
  for await (const [key, stored] of dataOf(store, session)) {
    if (key !== '__meta__') data.set(key, valueRecord(stored));
  }
  return { ...recordOf(session), data: Object.fromEntries(data) };
}

/** Invalid times are shown as they are. */
function time(milliseconds: number): string {
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? String(milliseconds) : date.toISOString();
}
