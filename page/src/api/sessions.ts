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

export function readSession(id: string, signal: AbortSignal): Promise<Session> {
  return call<Session>(['sessions', id], { signal });
}

export async function endSession(id: string): Promise<void> {
  await call(['sessions', id], { method: 'DELETE' });
}

export async function setValue(id: string, key: string, value: TypedValue): Promise<void> {
  await call(['sessions', id, 'values', key], { method: 'PUT', body: value });
}

export async function deleteValue(id: string, key: string): Promise<void> {
  await call(['sessions', id, 'values', key], { method: 'DELETE' });
}
