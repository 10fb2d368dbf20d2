import { expect, onTestFinished, test } from 'vitest';
import type { SessionRow } from '../../page/src/api/types.ts';
import { type Change, createLiveList, type LiveList } from '../../page/src/state/live-list.ts';
import { createPaged, type Paged } from '../../page/src/state/paged.ts';
import { compareSessions, matchSessions } from '../../page/src/views/session-order.ts';

interface Opened {
  readonly list: Paged<SessionRow>;
  readonly live: LiveList;
  readonly changed: (change: Change<SessionRow>) => void;
  ids(): string;
}

function row(id: string, updated: number, more: Partial<SessionRow> = {}): SessionRow {
  return { id, state: 'live', created: 0, updated, keys: 1, bytes: 1, ...more };
}

const QUERY = { search: '', state: '', sort: 'updated', order: 'desc' };

/** A list whose first page is loaded, the second not. */
async function opened(items: readonly SessionRow[], next?: string, query = QUERY): Promise<Opened> {
  const idOf = ({ id }: SessionRow): string => id;
  const list = createPaged(async () => ({ items, next }), idOf);
  let changed!: Opened['changed'];
  const live = createLiveList(list, {
    idOf,
    compare: compareSessions(query),
    matches: matchSessions(query),
    follow(listener) {
      changed = listener;
      return () => {};
    },
  });
  onTestFinished(live.close);
  await list.refresh();
  return { list, live, changed, ids: () => list.state.value.items.map(({ id }) => id).join(' ') };
}

test('a session that was written moves to its place, and one that is gone leaves', async () => {
  const { changed, ids } = await opened([row('a', 3), row('b', 2), row('c', 1)]);
  changed({ id: 'c', item: row('c', 4) });
  expect(ids()).toBe('c a b');
  changed({ id: 'new', item: row('new', 5) });
  expect(ids()).toBe('new c a b');
  changed({ id: 'a', item: undefined });
  expect(ids()).toBe('new c b');
});

test('what belongs to a later page, or not to the list, is not shown', async () => {
  const query = { ...QUERY, state: 'live', search: 'BOB' };
  const items = [row('a', 3, { subject: 'bob' }), row('b', 2, { subject: 'Bobby' })];
  const { changed, ids } = await opened(items, 'more', query);
  changed({ id: 'late', item: row('late', 1, { subject: 'bob' }) });
  changed({ id: 'other', item: row('other', 9, { subject: 'alice' }) });
  changed({ id: 'ended', item: row('ended', 9, { subject: 'bob', state: 'ended' }) });
  expect(ids()).toBe('a b');
  changed({ id: 'a', item: row('a', 9, { subject: 'bob', state: 'ended' }) });
  expect(ids()).toBe('b');
});

test('a change that is reported while the list is loaded is not lost', async () => {
  const { list, changed, ids } = await opened([row('a', 3)]);
  const loading = list.refresh();
  changed({ id: 'new', item: row('new', 4) });
  await loading;
  expect(ids()).toBe('new a');
});

test('nothing moves under the reader until that is wanted; what is in view is current', async () => {
  const { list, live, changed, ids } = await opened([row('a', 3), row('b', 2)]);
  live.setFree(false);
  changed({ id: 'b', item: row('b', 7) });
  changed({ id: 'new', item: row('new', 8) });
  changed({ id: 'a', item: undefined });
  expect(ids()).toBe('a b');
  expect(list.state.value.items[1]?.updated).toBe(7);
  expect(live.changes.value).toBe(3);
  live.show();
  expect(ids()).toBe('new b');
  expect(live.changes.value).toBe(0);
  changed({ id: 'b', item: row('b', 9) });
  live.setFree(true);
  expect(ids()).toBe('b new');
});
