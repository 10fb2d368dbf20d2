import { call } from './client.ts';
import type { Page, Session, SessionRow, TypedValue } from './types.ts';

/** In most orders, the server reads all sessions for each page. */
const PAGE = 500;

export interface SessionQuery {
  readonly search: string;
  readonly state: string;
  readonly sort: string;
  readonly order: string;
  readonly cursor: string | undefined;
}

/** What the event stream tells of a session; null when it is gone. */
export interface SessionChange {
  readonly id: string;
  readonly session: SessionRow | null;
}

export async function listSessions(query: SessionQuery, signal: AbortSignal): Promise<Page<SessionRow>> {
  const { sessions, next } = await call<{ sessions: SessionRow[]; next?: string }>(['sessions'], {
    query: { ...query, limit: PAGE },
    signal,
  });
  return { items: sessions, next };
}

/** A session, and the bucket that it is in: undefined for the one with the server's sessions. */
export interface SessionPlace {
  readonly id: string;
  readonly bucket: string | undefined;
}

export function readSession({ id, bucket }: SessionPlace, signal: AbortSignal): Promise<Session> {
  return call<Session>(['sessions', id], { query: { bucket }, signal });
}

export async function endSession({ id, bucket }: SessionPlace): Promise<void> {
  await call(['sessions', id], { method: 'DELETE', query: { bucket } });
}

export async function setValue({ id, bucket }: SessionPlace, key: string, value: TypedValue): Promise<void> {
  await call(['sessions', id, 'values', key], { method: 'PUT', query: { bucket }, body: value });
}

export async function deleteValue({ id, bucket }: SessionPlace, key: string): Promise<void> {
  await call(['sessions', id, 'values', key], { method: 'DELETE', query: { bucket } });
}
