import { parseJson } from '../json.ts';
import { decodeTyped, encodeJson } from './typed-value.ts';

/** What a wasmcp server stores about a session. Times are in milliseconds since 1970. */
export interface SessionMetadata {
  readonly createdAt: number;
  /** From then on the server returns 404; without it the session does not expire. */
  readonly expiresAt: number | undefined;
  readonly terminated: boolean;
  readonly reason: string | undefined;
}

/** Whether a server still accepts a session, and since when it does not. */
export type SessionState =
  | { readonly name: 'live' }
  | { readonly name: 'ended' | 'expired'; readonly since: number };

type Fields = Readonly<Record<string, unknown>>;

const KNOWN: ReadonlySet<string> = new Set(['terminated', 'created_at', 'expires_at', 'reason']);

/** Most bytes of what is stored there. Clients wait for this thread, and some guests let clients write what they like. */
const MAX_METADATA: number = 64 * 1024;

/**
 * Parses what is stored at a session's metadata key. Undefined for everything that today's wasmcp servers would not have
 * written, additional fields included: their meaning is unknown.
 */
export function readMetadata(stored: Uint8Array): SessionMetadata | undefined {
  const fields = fieldsOf(stored);
  if (fields === undefined || Object.keys(fields).some((name) => !KNOWN.has(name))) return undefined;
  const { terminated, created_at: createdAt, expires_at: expiresAt, reason } = fields;
  if (typeof terminated !== 'boolean' || !isTime(createdAt)) return undefined;
  if (expiresAt !== undefined && !isTime(expiresAt)) return undefined;
  if (reason !== undefined && typeof reason !== 'string') return undefined;
  return { terminated, createdAt, expiresAt: expiresAt === undefined ? undefined : expiresAt * 1000, reason };
}

/** The metadata of the same session, ended. Everything else stays, as when a server ends it. */
export function endedMetadata(metadata: SessionMetadata, reason: string): Uint8Array {
  const { createdAt, expiresAt } = metadata;
  return encodeJson({
    terminated: true,
    created_at: createdAt,
    ...(expiresAt !== undefined && { expires_at: expiresAt / 1000 }),
    reason,
  });
}

/** The metadata of a live session, with another end, in milliseconds since 1970. */
export function extendedMetadata({ createdAt, reason }: SessionMetadata, expiresAt: number): Uint8Array {
  return encodeJson({
    terminated: false,
    created_at: createdAt,
    expires_at: Math.ceil(expiresAt / 1000),
    ...(reason !== undefined && { reason }),
  });
}

/** `updated` is when the metadata was last written. No server stores when a session ended, but that is its last write. */
export function stateOf(metadata: SessionMetadata, updated: number, now: number): SessionState {
  const { terminated, expiresAt = Number.POSITIVE_INFINITY } = metadata;
  if (terminated) return { name: 'ended', since: Math.min(updated, expiresAt) };
  return now < expiresAt ? { name: 'live' } : { name: 'expired', since: expiresAt };
}

function fieldsOf(stored: Uint8Array): Fields | undefined {
  const decoded = stored.length > MAX_METADATA ? undefined : decodeTyped(stored);
  if (decoded?.type !== 'json') return undefined;
  try {
    const value: unknown = parseJson(decoded.value);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Fields)
      : undefined;
  } catch {
    return undefined;
  }
}

/** A number that is a time, and exact in milliseconds too. */
function isTime(value: unknown): value is number {
  return (
    typeof value === 'number' &&
    value >= 0 &&
    Number.isSafeInteger(value) &&
    value * 1000 <= Number.MAX_SAFE_INTEGER
  );
}
