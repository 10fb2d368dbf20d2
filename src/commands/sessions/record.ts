import type { Store } from '../../index.ts';
import { keysOf } from '../../mcp/sessions/sessions.ts';
import { decodeTyped, type TypedValue } from '../../mcp/sessions/typed-value.ts';
import type { Found } from './store.ts';

/** A session as JSON. Times are ISO 8601. */
export interface SessionRecord {
  readonly id: string;
  readonly bucket: string;
  readonly state: 'live' | 'ended' | 'expired';
  readonly created: string;
  readonly expires?: string;
  /** When servers stopped accepting it. */
  readonly over?: string;
  readonly reason?: string;
  /** Its owner, if it was opened with a token. */
  readonly subject?: string;
}

/** A value as JSON: 64-bit numbers as strings; bytes, and values of unknown types, as base64. */
export interface ValueRecord {
  readonly type: TypedValue['type'] | 'unknown';
  readonly value: unknown;
}

export async function recordOf(store: Store, { id, bucket, metadata, state }: Found): Promise<SessionRecord> {
  const { createdAt, expiresAt, reason } = metadata;
  const subject = await store.get(bucket, `${id}:jwt:sub`);
  return {
    id,
    bucket,
    state: state.name,
    created: time(createdAt),
    ...(expiresAt !== undefined && { expires: time(expiresAt) }),
    ...(state.name !== 'live' && { over: time(state.since) }),
    ...(reason !== undefined && { reason }),
    // wasmcp servers store it as bytes.
    ...(subject !== undefined && { subject: new TextDecoder().decode(subject.subarray(1)) }),
  };
}

/** The values of a session by their keys, without those of the server itself. */
export async function* dataOf(
  store: Store,
  { id, bucket }: Found,
): AsyncGenerator<readonly [key: string, stored: Uint8Array]> {
  for await (const key of keysOf(store, bucket, id)) {
    if (key === '__meta__') continue;
    const stored = await store.get(bucket, `${id}:${key}`);
    if (stored !== undefined) yield [key, stored];
  }
}

/** The session with all its values. */
export async function wholeRecord(
  store: Store,
  session: Found,
): Promise<SessionRecord & { readonly data: Readonly<Record<string, ValueRecord>> }> {
  const data = new Map<string, ValueRecord>();
  for await (const [key, stored] of dataOf(store, session)) data.set(key, valueRecord(stored));
  return { ...(await recordOf(store, session)), data: Object.fromEntries(data) };
}

function valueRecord(stored: Uint8Array): ValueRecord {
  const decoded = decodeTyped(stored);
  if (decoded === undefined) return { type: 'unknown', value: Buffer.from(stored).toString('base64') };
  const { type, value } = decoded;
  if (type === 'json') return { type, value: parsed(value) };
  if (type === 'bytes') return { type, value: Buffer.from(value).toString('base64') };
  return { type, value: typeof value === 'bigint' ? value.toString() : value };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Invalid times are shown as they are. */
function time(milliseconds: number): string {
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? String(milliseconds) : date.toISOString();
}
