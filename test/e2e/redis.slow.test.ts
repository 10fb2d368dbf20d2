import { describe } from 'vitest';
import { startedBefore } from '../support/network-engine.ts';
import { REDIS, startRedis } from '../support/redis.ts';
import { networkStoreSuite } from './network-store-suite.ts';

describe.skipIf(REDIS.path === undefined)('serve with a store on Redis', () => {
  networkStoreSuite(
    startedBefore(() => startRedis(REDIS)),
    {
      name: 'Redis',
      greeting:
        /^Store redis:\/\/127\.0\.0\.1:\d+\/0\?prefix=s\d+, durability power \(Redis 7.*, primary, appendonly yes, appendfsync always, maxmemory-policy noeviction, 0 replicas\)$/m,
      engine: 'appendfsync always',
      naming: 'prefix',
      variants: [''],
      remedies: {
        backup: /or use store copy URL sqlite:FILE while no server runs$/,
        restore: /or use store copy sqlite:FILE URL with an empty prefix$/,
        migrate: /the next start of a server upgrades the layout$/,
      },
    },
  );
});
