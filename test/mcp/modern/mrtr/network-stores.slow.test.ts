import { hasPostgres, startPostgres } from '../../../support/postgres.ts';
import { REDIS, startRedis, VALKEY_9 } from '../../../support/redis.ts';
import { requestStateSuite } from './store-suite.ts';

requestStateSuite('PostgreSQL', hasPostgres, () => startPostgres());
for (const program of [REDIS, VALKEY_9]) {
  requestStateSuite(program.name, program.path !== undefined, () => startRedis(program));
}
