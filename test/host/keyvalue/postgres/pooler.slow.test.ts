import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Holder } from '../../../../host/keyvalue/leases.ts';
import { openStore } from '../../../../host/keyvalue/open.ts';
import { hasPgBouncer, startPgBouncer } from '../../../support/pgbouncer.ts';
import { hasPostgres, type Postgres, startPostgres } from '../../../support/postgres.ts';

describe.skipIf(!hasPostgres || !hasPgBouncer)('a store behind PgBouncer', () => {
  let postgres: Postgres;

  beforeAll(async () => {
    postgres = await startPostgres();
  }, 120_000);
  afterAll(() => postgres.close());

  async function urlThrough(mode: 'session' | 'transaction' | 'statement'): Promise<string> {
    const pooler = await startPgBouncer(postgres, mode);
    onTestFinished(() => pooler.close());
    return postgres.url().replace(`:${postgres.port}/`, `:${pooler.port}/`);
  }

  test('works if it keeps sessions, notifications included', async () => {
    const store = await openStore(await urlThrough('session'));
    onTestFinished(() => store.close());
    await store.set('b', 'k', Uint8Array.of(1));
    expect(await store.get('b', 'k')).toEqual(Uint8Array.of(1));
    const holders = ['one', 'other'].map((id) => ({ id, life: 5000 })) as [Holder, Holder];
    const wanted = Promise.withResolvers<unknown>();
    onTestFinished(store.leases!.listen(holders[0], wanted.resolve));
    await store.leases!.acquire(holders[0], 'b', 'lease');
    await store.leases!.acquire(holders[1], 'b', 'lease');
    expect(await wanted.promise).toEqual({ kind: 'wanted', bucket: 'b', name: 'lease' });
  });

  test('is refused if it shares connections between transactions, also while others use it', async () => {
    const url = await urlThrough('transaction');
    const refused = {
      code: 'store-unusable',
      message: expect.stringMatching(
        /is behind a pooler that shares a connection between transactions: connect to PostgreSQL itself, or let the pooler keep sessions \(pool_mode = session in PgBouncer\)$/,
      ) as unknown,
    };
    await expect(openStore(url)).rejects.toMatchObject(refused);
    const many = await Promise.allSettled(Array.from({ length: 8 }, () => openStore(url)));
    for (const result of many) expect(result).toMatchObject({ status: 'rejected', reason: refused });
  });

  test('is refused if it shares connections between statements', async () => {
    await expect(openStore(await urlThrough('statement'))).rejects.toMatchObject({ code: 'store-unusable' });
  });
});
