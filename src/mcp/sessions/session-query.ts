import { WasmcpError } from '../../../host/index.ts';
import { isSessionId } from './layout.ts';
import type { SessionState } from './metadata.ts';
import type { SessionSummary } from './session-summary.ts';

export type SessionOrder = 'updated' | 'created' | 'size';

/** Which sessions are wanted. */
export interface SessionFilter {
  /** The exact owner. */
  readonly subject?: string | undefined;
  readonly state?: SessionState['name'] | undefined;
  /** Part of an id, a subject or an issuer, in any case. */
  readonly search?: string | undefined;
}

export interface SessionQuery extends SessionFilter {
  readonly limit: number;
  /** Ordered by id without it. */
  readonly sort?: SessionOrder | undefined;
  /** The newest or largest first, unless it is `asc`; without `sort` always `asc`. */
  readonly order?: 'asc' | 'desc' | undefined;
  /** Where the previous page ended. */
  readonly cursor?: string | undefined;
}

/** Sessions, and where the next page begins. A page that looked at many sessions may be short, even empty. */
export interface SessionPage {
  readonly sessions: readonly SessionSummary[];
  readonly next?: string;
}

export function matches(summary: SessionSummary, { subject, state, search }: SessionFilter): boolean {
  if (subject !== undefined && summary.subject !== subject) return false;
  if (state !== undefined && summary.state.name !== state) return false;
  if (search === undefined || search === '') return true;
  const wanted = search.toLowerCase();
  return [summary.id, summary.subject, summary.issuer].some((text) => text?.toLowerCase().includes(wanted));
}

/** A place in the order of a query. */
export interface Cursor {
  readonly id: string;
  readonly rank?: number;
  readonly sort?: SessionOrder;
  readonly order?: 'asc' | 'desc';
}

export function cursorText(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url');
}

/** @throws WasmcpError `cursor-invalid` */
export function parseCursor(text: string, { sort, order = 'desc' }: SessionQuery): Cursor {
  const cursor = parsedObject(text);
  const { id, rank } = cursor;
  const isOfQuery = cursor.sort === sort && (sort === undefined || cursor.order === order);
  const isWhole =
    typeof id === 'string' && isSessionId(id) && (sort === undefined || typeof rank === 'number');
  if (isOfQuery && isWhole) return cursor as unknown as Cursor;
  throw new WasmcpError('cursor-invalid', 'the cursor is not one that this query returned');
}

function parsedObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
