import type { SessionQuery } from '../api/sessions.ts';
import type { SessionRow } from '../api/types.ts';

const RANKS: Readonly<Record<string, (session: SessionRow) => number>> = {
  updated: ({ updated }) => updated,
  created: ({ created }) => created,
  size: ({ bytes }) => bytes,
};

/** As the server sorts: by id where the rank is the same. */
export function compareSessions({ sort, order }: Pick<SessionQuery, 'sort' | 'order'>) {
  const rank = RANKS[sort] ?? RANKS.updated!;
  const sign = order === 'asc' ? 1 : -1;
  return (a: SessionRow, b: SessionRow): number => {
    const difference = sign * (rank(a) - rank(b));
    if (difference !== 0) return difference;
    return a.id < b.id ? -1 : 1;
  };
}

/** As the server filters: a part of an id, a subject or an issuer, in any case. */
export function matchSessions({ search, state }: Pick<SessionQuery, 'search' | 'state'>) {
  const text = search.toLowerCase();
  return ({ id, subject = '', issuer = '', state: own }: SessionRow): boolean => {
    if (state !== '' && state !== own) return false;
    return [id, subject, issuer].some((part) => part.toLowerCase().includes(text));
  };
}
