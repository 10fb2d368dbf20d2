import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { openStore, type Store } from '../../../src/index.ts';
import { type Purged, purgeSessions } from '../../../src/mcp/sessions/purge.ts';
import { endSession, keysOf, readSession } from '../../../src/mcp/sessions/sessions.ts';
import { temporaryFolder } from '../../support/command.ts';
import { allKeys, collect, json, now, put, sessionIds } from './stored.ts';

const HOUR = 3_600_000;
let store: Store;

beforeEach(async () => {
  store = await openStore('memory:');
});

function purge(retention: number, at: number = Date.now()): Promise<Purged> {
  return purgeSessions(store, { bucket: 'default', now: at, retention });
}

async function idsIn(bucket: string): Promise<string[]> {
  return collect(sessionIds(store, bucket));
}

describe('a purge deletes', () => {
  test('a session that expired long enough ago, with all its keys, and counts it', async () => {
    const gone = await put(store, { expires_at: now() - 3601 });
    const stays = await put(store, { expires_at: now() - 3500 });
    expect(await purge(HOUR)).toEqual({
      ...{ sessions: 1, keys: 3, unclear: 0 },
      left: { live: 0, ended: 0, expired: 1 },
    });
    expect(await allKeys(store)).toEqual(['__meta__', 'key 0', 'key 1'].map((key) => `${stays}:${key}`));
    expect(await readSession(store, 'default', gone, Date.now())).toBeUndefined();
  });

  test('a session that was ended long enough ago, counted from its last write', async () => {
    await put(store, { terminated: true, reason: 'done' });
    expect(await purge(HOUR)).toMatchObject({ sessions: 0 });
    expect(await purge(HOUR, Date.now() + HOUR)).toMatchObject({ sessions: 1 });
    expect(await allKeys(store)).toEqual([]);
  });

  test('a session of many keys in batches, so that an interrupted deletion is found again', async () => {
    const id = await put(store, { expires_at: 1 }, 250);
    const removals: (readonly string[])[] = [];
    const watching: Store = {
      ...store,
      async deleteMany(bucket, keys) {
        removals.push(keys);
        await store.deleteMany(bucket, keys);
        if (removals.length === 2) throw new Error('cut off');
      },
    };
    const rule = { bucket: 'default', now: Date.now(), retention: 0 };
    await expect(purgeSessions(watching, rule)).rejects.toThrow('cut off');
    expect(await readSession(store, 'default', id, Date.now())).toMatchObject({ state: { name: 'expired' } });
    expect(Math.max(...removals.map((keys) => keys.length))).toBeLessThanOrEqual(100);
    expect(await purge(0)).toMatchObject({ sessions: 1 });
    expect(await allKeys(store)).toEqual([]);
  });

  test('only sessions of its bucket', async () => {
    await put(store, { expires_at: 1 }, 1, 'other');
    expect(await purge(0)).toMatchObject({ sessions: 0 });
    expect(await idsIn('other')).toHaveLength(1);
  });
});

describe('a purge keeps', () => {
  test('live sessions, whatever the retention, including those that do not expire', async () => {
    const ids = [await put(store), await put(store, { expires_at: undefined, created_at: 1 })];
    expect(await purge(0)).toMatchObject({ sessions: 0, keys: 0, unclear: 0 });
    expect((await idsIn('default')).sort()).toEqual(ids.sort());
  });

  test('entries whose key is not a session’s, although they are marked as ended', async () => {
    const over = json({ terminated: true, created_at: 1, expires_at: 1 });
    const id = randomUUID();
    const version1 = 'c232ab00-9414-11ec-b3c8-9f6bdeced846';
    const keys = [
      '__meta__',
      ':__meta__',
      'total',
      '0',
      'f',
      'ffffffff-ffff-4fff-bfff-ffffffffffff',
      `${id.toUpperCase()}:__meta__`,
      `${id}:__META__`,
      `${id}:__meta__:x`,
      `${id};__meta__`,
      `x${id}:__meta__`,
      `${id.slice(1)}:__meta__`,
      `${version1}:__meta__`,
      `{${id}}:__meta__`,
      '\u00e9',
      '\u{1f600}',
    ];
    for (const key of keys) await store.set('default', key, over);
    const gone = await put(store, { terminated: true }, 1);
    expect(await purge(0)).toMatchObject({ sessions: 1, keys: 2 });
    expect((await allKeys(store)).sort()).toEqual(keys.sort());
    expect(await idsIn('default')).not.toContain(gone);
  });

  test('sessions with unknown metadata, and counts them', async () => {
    const id = randomUUID();
    await store.set('default', `${id}:__meta__`, json({ terminated: true, created_at: 1, tenant: 'x' }));
    await store.set('default', `${id}:data`, Uint8Array.of(1));
    await store.set('default', `${randomUUID()}:data`, Uint8Array.of(1));
    expect(await purge(0, Date.now() + HOUR)).toMatchObject({ sessions: 0, keys: 0, unclear: 1 });
    expect(await allKeys(store)).toHaveLength(3);
  });
});

test('sessions are found between other keys, each once', async () => {
  const ids = await Promise.all(Array.from({ length: 300 }, (_, n) => put(store, {}, n % 4)));
  const others = ids.map((id, n) => id.slice(0, n % 36)).concat(ids.map((id) => `${id}-`));
  await store.setMany(
    'default',
    others.map((key) => [key, Uint8Array.of(1)]),
  );
  expect(await idsIn('default')).toEqual(ids.toSorted());
});

test('all keys of a session are found, and none of its neighbours', async () => {
  const id = await put(store, {}, 250);
  await store.set('default', `${id};`, Uint8Array.of(1));
  const keys = await collect(keysOf(store, 'default', id));
  expect(new Set(keys).size).toBe(251);
  expect(keys.toSorted()).toEqual(keys.filter((key) => /^(key \d+|__meta__)$/.test(key)).toSorted());
  expect(await collect(keysOf(store, 'default', randomUUID()))).toEqual([]);
});

test('ending a session marks it once, and keeps its data', async () => {
  const [id, expired] = [await put(store), await put(store, { expires_at: 1 })];
  expect(await endSession(store, 'default', id, 'enough')).toBe(true);
  expect(await readSession(store, 'default', id, Date.now())).toMatchObject({
    state: { name: 'ended' },
    metadata: { reason: 'enough' },
  });
  expect(await store.exists('default', `${id}:key 0`)).toBe(true);
  expect(await endSession(store, 'default', id, 'again')).toBe(false);
  expect(await endSession(store, 'default', expired, 'again')).toBe(false);
  expect(await endSession(store, 'default', 'no id', 'again')).toBe(false);
});

test('two processes may purge one store at once', async () => {
  const url = `sqlite:${join(temporaryFolder(), 'store.db')}`;
  const stores = await Promise.all([openStore(url), openStore(url)]);
  onTestFinished(async () => {
    for (const opened of stores) await opened.close();
  });
  const [first] = stores as [Store, Store];
  const live = await put(first);
  for (let n = 0; n < 50; n++) await put(first, { terminated: n % 2 === 0, expires_at: 1 });
  const rule = { bucket: 'default', now: Date.now(), retention: 0 };
  const turn = (): Promise<boolean> => new Promise((resolve) => setImmediate(resolve, true));
  const counts = await Promise.all(stores.map((opened) => purgeSessions(opened, rule, turn)));
  expect(counts.reduce((sum, { sessions }) => sum + sessions, 0)).toBeGreaterThanOrEqual(50);
  expect(await collect(sessionIds(first, 'default'))).toEqual([live]);
});
