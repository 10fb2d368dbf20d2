import type { StoreDriver } from '../driver.ts';
import { maintainedByOthers } from '../network/maintenance.ts';

/** `redis://…`, or `rediss://…` for TLS: Redis or Valkey. One thread has the connections and serves the others. */
export const REDIS: StoreDriver = {
  form: 'redis://HOST',
  accepts: (url) => /^rediss?:\/\//i.test(url),
  open: async (url, options) => (await import('./open.ts')).openRedis(url, options),
  isOpenedPerThread: false,
  maintain: () =>
    maintainedByOthers('Redis', {
      check: 'use redis-check-aof',
      info: 'use kv buckets and kv keys, and INFO in redis-cli for sizes',
      backup: 'copy its append-only files, or use store copy URL sqlite:FILE while no server runs',
      restore: 'give it its append-only files back, or use store copy sqlite:FILE URL with an empty prefix',
      migrate: 'the next start of a server upgrades the layout',
    }),
};
