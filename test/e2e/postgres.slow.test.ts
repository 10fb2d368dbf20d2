import { describe } from 'vitest';
import { startedBefore } from '../support/network-engine.ts';
import { hasPostgres, startPostgres } from '../support/postgres.ts';
import { networkStoreSuite } from './network-store-suite.ts';

describe.skipIf(!hasPostgres)('serve with a store on PostgreSQL', () => {
  networkStoreSuite(
    startedBefore(() => startPostgres()),
    {
      name: 'PostgreSQL',
      greeting:
        /^Store postgres:\/\/postgres@127\.0\.0\.1:\d+\/postgres\?schema=s\d+, durability power \(PostgreSQL .*, primary, fsync on, full_page_writes on, synchronous_commit on\)$/m,
      engine: 'fsync on',
      naming: 'schema',
      variants: ['&notify=on', '&notify=off'],
      remedies: {
        backup: /use pg_dump --schema, or store copy URL sqlite:FILE while no server runs$/,
        restore: /use pg_restore, or store copy sqlite:FILE URL into an empty schema$/,
        migrate: /the next start of a server upgrades the schema$/,
      },
    },
  );
});
