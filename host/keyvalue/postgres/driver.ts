import { WasmcpError } from '../../error.ts';
import type { StoreDriver } from '../driver.ts';

/**
 * `postgres://…` or `postgresql://…`. One thread has the connections and serves the others, so the number of connections does not
 * depend on the number of threads, and one place knows whether the engine is available.
 */
export const POSTGRES: StoreDriver = {
  form: 'postgres://USER@HOST/DATABASE',
  accepts: (url) => /^postgres(ql)?:\/\//i.test(url),
  open: async (url, options) => (await import('./open.ts')).openPostgres(url, options),
  isOpenedPerThread: false,
  maintain() {
    throw new WasmcpError(
      'option-invalid',
      'a store on PostgreSQL is maintained with its own tools: pg_dump and pg_restore copy the schema, and a start of the server migrates it',
    );
  },
};
