import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore, type Store } from '../../../src/index.ts';
import { recordEdit } from '../../../src/mcp/sessions/edits.ts';
import { sessionPage } from '../../../src/mcp/sessions/session-page.ts';
import type { SessionOrder } from '../../../src/mcp/sessions/session-query.ts';
import { json, now } from './stored.ts';

const SESSIONS = 1500;

let store: Store;

/** Sessions of a few sizes and times, so that many are alike, and keys that look like sessions. */
beforeAll(async () => {
  store = await openStore('memory:');
  const entries: [string, Uint8Array][] = [];
  for (let n = 0; n < SESSIONS; n++) {
    const id = randomUUID();
    const meta = { terminated: n % 3 === 0, created_at: 1000 + (n % 7), expires_at: now() + 86_400 };
    entries.push([`${id}:__meta__`, json(meta)], [`${id}:cart`, Buffer.alloc(1 + ((n * 31) % 11), 6)]);
    entries.push([`${id}:jwt:sub`, Buffer.from(`\x06User-${n % 50}`)]);
    // The largest of all, and more than are looked at together, but nobody opened them.
    entries.push([`${randomUUID()}:cart`, Buffer.alloc(1000)]);
  }
  entries.push(['zzz', Buffer.alloc(5000)], ['0', Buffer.alloc(5000)]);
  for (let at = 0; at < entries.length; at += 500)
    await store.setMany('default', entries.slice(at, at + 500));
  await store.setMany('other', entries.slice(0, 100));
  // Edits of administrators do not count as writes of the session.
  const opened = entries.filter(([key]) => key.endsWith(':__meta__')).map(([key]) => key.slice(0, 36));
  for (let n = 0; n < SESSIONS; n += 100) {
    const entry = { bucket: 'default', session: opened[n]!, key: 'note' };
    await recordEdit(store, entry, () => store.set('default', `${opened[n]}:note`, Buffer.from('\x01x')));
  }
});
afterAll(() => store.close());

async function allPages(store: Store, query: Parameters<typeof sessionPage>[2]): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await sessionPage(store, 'default', { ...query, cursor });
    expect(page.sessions.length).toBeLessThanOrEqual(query.limit);
    ids.push(...page.sessions.map(({ id }) => id));
    cursor = page.next;
  } while (cursor !== undefined);
  return ids;
}

/** The same store without its searches: each session is looked at. */
function plain(store: Store): Store {
  const { newest, valuesWithEnding, sizesByPrefix, timesByPrefix, numbersWithEnding, withText, ...rest } =
    store;
  return rest;
}

test.each<[SessionOrder, 'asc' | 'desc']>([
  ['size', 'desc'],
  ['size', 'asc'],
  ['created', 'desc'],
  ['created', 'asc'],
  ['updated', 'desc'],
  ['updated', 'asc'],
])(
  'pages by %s, %s, have each session once, in the order of a store without searches',
  async (sort, order) => {
    const ids = await allPages(store, { limit: 900, sort, order });
    expect(ids).toHaveLength(SESSIONS);
    expect(ids).toEqual(await allPages(plain(store), { limit: SESSIONS, sort, order }));
    const ended = { state: 'ended', sort, order } as const;
    expect(await allPages(store, { limit: 300, ...ended })).toEqual(
      await allPages(plain(store), { limit: SESSIONS, ...ended }),
    );
    for (const search of ['uSER-4', 'a1']) {
      expect(await allPages(store, { limit: 700, search, sort, order })).toEqual(
        await allPages(plain(store), { limit: SESSIONS, search, sort, order }),
      );
    }
  },
  240_000,
);
