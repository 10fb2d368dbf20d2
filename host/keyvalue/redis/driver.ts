import type { StoreDriver } from '../driver.ts';
import { maintainEngine } from '../network/maintenance.ts';

/** `redis://…`, or `rediss://…` for TLS: Redis or Valkey. One thread has the connections and serves the others. */
export const REDIS: StoreDriver = {
  form: 'redis://HOST',
  accepts: (url) => /^rediss?:\/\//i.test(url),
  open: async (url, options) => (await import('./open.ts')).openRedis(url, options),
  isOpenedPerThread: false,
  maintain: (url, access) =>
    maintainEngine(
      'Redis',
      {
        backup: 'copy its append-only files, or use store copy URL sqlite:FILE while no server runs',
        restore: 'give it its append-only files back, or use store copy sqlite:FILE URL with an empty prefix',
        migrate: 'the next start of a server upgrades the layout',
      },
      async () => (await import('./maintenance.ts')).maintainRedis(url, access),
    ),
};
