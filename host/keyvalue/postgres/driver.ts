import type { StoreDriver } from '../driver.ts';
import { maintainEngine } from '../network/maintenance.ts';

/**
 * `postgres://…` or `postgresql://…`. One thread has the connections and serves the others, so the number of connections does not
 * depend on the number of threads, and one place knows whether the engine is available.
 */
export const POSTGRES: StoreDriver = {
  form: 'postgres://USER@HOST/DATABASE',
  accepts: (url) => /^postgres(ql)?:\/\//i.test(url),
  open: async (url, options) => (await import('./open.ts')).openPostgres(url, options),
  isOpenedPerThread: false,
  maintain: (url, access) =>
    maintainEngine(
      'PostgreSQL',
      {
        backup: 'use pg_dump --schema, or store copy URL sqlite:FILE while no server runs',
        restore: 'use pg_restore, or store copy sqlite:FILE URL into an empty schema',
        migrate: 'the next start of a server upgrades the schema',
      },
      async () => (await import('./maintenance.ts')).maintainPostgres(url, access),
    ),
};
