import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { changesConformance } from '../../../../host/keyvalue/conformance/conformance.ts';
import { openStore } from '../../../../host/keyvalue/open.ts';
import type { Store } from '../../../../host/keyvalue/store.ts';
import { follow } from '../../../support/follow.ts';
import { hasPostgres, type Postgres, startPostgres } from '../../../support/postgres.ts';

describe.skipIf(!hasPostgres)('changes on PostgreSQL', () => {
  let postgres: Postgres;

  beforeAll(async () => {
    postgres = await startPostgres(['fsync=off']);
  }, 120_000);
  afterAll(() => postgres.close());

  const open = (url: string): Promise<Store> => openStore(url, { durability: 'process', timeout: 60_000 });

  async function opened(schema: string): Promise<Store> {
    const store = await open(postgres.url(`schema=${schema}`));
    onTestFinished(() => store.close());
    return store;
  }

  describe.each(['on', 'off'])('with notify=%s', (notify) => {
    async function twice(): Promise<[Store, Store]> {
      const url = `${postgres.url()}&notify=${notify}`;
      return [await open(url), await open(url)];
    }
    for (const { name, run } of changesConformance(twice)) test(name, run, 60_000);
  });

  test('a change of a transaction that commits after later ones is reported', async () => {
    const store = await opened('late');
    postgres.sql(`CREATE FUNCTION late.slow() RETURNS trigger AS 'BEGIN PERFORM pg_sleep(1); RETURN NULL; END' LANGUAGE plpgsql;
      CREATE TRIGGER slow AFTER INSERT ON late.kv FOR EACH ROW WHEN (NEW.head = 'late') EXECUTE FUNCTION late.slow()`);
    const { seen, count } = await follow(store);
    const late = store.set('b', 'late', Uint8Array.of(1));
    const sleeping = `SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'`;
    await vi.waitUntil(() => postgres.sql(sleeping) === '1', { timeout: 30_000 });
    await store.set('b', 'early', Uint8Array.of(1));
    expect(await count(1)).toEqual(['set b early \x01']);
    await late;
    expect(await count(2)).toEqual(['set b early \x01', 'set b late \x01']);
    const ids = postgres.sql(`SELECT encode(key, 'escape') FROM late.change ORDER BY id`).split('\n');
    expect(ids).toEqual(['late', 'early']);
    expect(seen).toHaveLength(2);
  }, 60_000);

  test('nothing is recorded while nobody follows, also after a host that followed was killed', async () => {
    const state = (): string =>
      postgres.sql(
        `SELECT tgenabled FROM pg_trigger WHERE tgrelid = 'idle.kv'::regclass AND tgname = 'record_change'`,
      );
    const store = await opened('idle');
    await store.set('b', 'k', Uint8Array.of(1));
    expect(state()).toBe('D');
    const { following, count } = await follow(store);
    expect(state()).toBe('O');
    await store.set('b', 'k', Uint8Array.of(2));
    await count(1);
    await following.close();
    expect(state()).toBe('D');
    expect(postgres.sql('SELECT count(*) FROM idle.change')).toBe('0');
    postgres.sql(`SELECT idle.follow_changes('killed', -1000)`);
    expect(state()).toBe('O');
    await store.set('b', 'k', Uint8Array.of(3));
    expect(postgres.sql('SELECT count(*) FROM idle.change')).toBe('0');
    await opened('idle');
    expect(state()).toBe('D');
  });

  test('what an operator changes with SQL is reported, too', async () => {
    const store = await opened('operator');
    await store.set('b', 'k', Uint8Array.of(1));
    const { count } = await follow(store);
    postgres.sql('DELETE FROM operator.kv');
    expect(await count(1)).toEqual(['delete b k']);
  });
});
