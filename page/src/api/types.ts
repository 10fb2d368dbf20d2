/** What `/api/v1` of the admin address returns; the whole is in its OpenAPI document. Times are in milliseconds since 1970. */

export type SessionState = 'live' | 'ended' | 'expired';

export interface SessionRow {
  readonly id: string;
  readonly state: SessionState;
  readonly created: number;
  /** When the session's own server last wrote. */
  readonly updated: number;
  /** When an administrator last changed it. */
  readonly edited?: number;
  readonly expires?: number;
  /** When it ended or expired. */
  readonly over?: number;
  readonly subject?: string;
  readonly issuer?: string;
  readonly keys: number;
  readonly bytes: number;
}

export type ValueType = 'string' | 'json' | 'u64' | 's64' | 'bool' | 'bytes';

/**
 * Whole numbers are decimal text, because JSON's numbers are not exact beyond 2^53; bytes are base64. JSON that would be
 * written differently after it was parsed is `text`.
 */
export type TypedValue =
  | { readonly type: ValueType; readonly value: unknown }
  | { readonly type: 'json'; readonly text: string };

/** `unknown` is what no wasmcp server wrote, as base64. */
export type SessionValue = { readonly key: string } & (
  | TypedValue
  | { readonly type: 'unknown'; readonly value: unknown }
);

export interface Session extends SessionRow {
  readonly reason?: string;
  readonly values: readonly SessionValue[];
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | undefined;
}

export interface Bucket {
  readonly name: string;
}

export interface KeyEntry {
  readonly key: string;
  readonly size: number;
  readonly updated: number;
}

export interface StoredValue {
  /** `text` where the bytes are UTF-8. */
  readonly encoding: 'text' | 'base64';
  readonly value: string;
}

export interface Entry extends StoredValue, KeyEntry {
  /** Changes with each write. */
  readonly version: string;
  /** The session that the key belongs to: its values are edited there. */
  readonly session?: string;
}

/** Milliseconds. */
export interface RequestTimes {
  readonly queue: number;
  readonly guest: number;
  readonly store: number;
  readonly gate: number;
  readonly total: number;
}

/** A request whose response is over. Texts are the client's: they may contain anything. */
export interface RequestRecord {
  readonly id: number | string;
  readonly at: number;
  readonly method: string;
  readonly path: string;
  /** 0 when the client left before the response began. */
  readonly status: number;
  /** `target` is the tool, prompt or resource that the message names. */
  readonly mcp?: { readonly method?: string; readonly target?: string };
  /** The beginning of its id. */
  readonly session?: string;
  readonly error?: string;
  readonly bytesIn?: number;
  readonly bytesOut?: number;
  readonly times: RequestTimes;
}

/** Figures of the server; `cpu` grows from the start of the process. */
export interface Sample {
  readonly at: number;
  readonly phase: string;
  readonly guests: number;
  /** Requests that wait for a worker. */
  readonly waiting: number;
  readonly workers: number;
  /** Bytes. */
  readonly rss: number;
  readonly heap: number;
  /** Milliseconds. */
  readonly cpu: number;
}

export interface Overview {
  readonly version: string;
  readonly node: string;
  readonly phase: string;
  /** Seconds. */
  readonly uptime: number;
  readonly component: { readonly source: string; readonly digest: string };
  readonly store?: { readonly url: string; readonly durability?: string };
  readonly sessions: { readonly bucket: string | null; readonly purged: number };
  readonly load: Sample;
}
