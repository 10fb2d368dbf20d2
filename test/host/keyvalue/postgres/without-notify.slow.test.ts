import { afterAll, beforeAll, describe, test } from 'vitest';
import { storeConformance } from '../../../../host/keyvalue/conformance/conformance.ts';
import { openStore } from '../../../../host/keyvalue/open.ts';
import type { Store } from '../../../../host/keyvalue/store.ts';
import { hasPostgres, type Postgres, startPostgres } from '../../../support/postgres.ts';

describe.skipIf(!hasPostgres)('leases on PostgreSQL without LISTEN and NOTIFY', () => {
  let postgres: Postgres;

  beforeAll(async () => {
    postgres = await startPostgres(['fsync=off']);
  }, 120_000);
  afterAll(() => postgres.close());

  const open = (): Promise<Store> => openStore(`${postgres.url()}&notify=off`, { durability: 'process' });
  const tests = storeConformance(open).filter(({ name }) => /holder|lease|fence/.test(name));
  test.each(tests)('$name', ({ run }) => run(), 60_000);
});
