import { WasmcpError } from '../../error.ts';
import type { StoreDriver } from '../driver.ts';

/** `redis://…`, or `rediss://…` for TLS: Redis or Valkey. One thread has the connections and serves the others. */
export const REDIS: StoreDriver = {
  form: 'redis://HOST',
  accepts: (url) => /^rediss?:\/\//i.test(url),
  open: async (url, options) => (await import('./open.ts')).openRedis(url, options),
  isOpenedPerThread: false,
  maintain() {
    throw new WasmcpError(
      'option-invalid',
      'a store on Redis is maintained with its own tools; store copy copies it into a file and back',
    );
  },
};
