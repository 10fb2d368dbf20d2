import { hasPostgres, startPostgres } from '../../support/postgres.ts';
import { REDIS, startRedis } from '../../support/redis.ts';
import { settingsSuite } from './settings-suite.ts';

settingsSuite('PostgreSQL', hasPostgres, () => startPostgres());
settingsSuite('Redis', REDIS.path !== undefined, () => startRedis(REDIS));
