import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openStore } from '../../../host/keyvalue/open.ts';
import type { Store } from '../../../host/keyvalue/store.ts';
import { type FaultyProxy, faultyProxy } from '../../support/faulty-proxy.ts';
import { type Followed, follow } from '../../support/follow.ts';
import { type NetworkEngine, startedBefore } from '../../support/network-engine.ts';
import { hasPostgres, startPostgres } from '../../support/postgres.ts';
import { REDIS, startRedis, VALKEY_9 } from '../../support/redis.ts';

const ENGINES: readonly [string, boolean, () => Promise<NetworkEngine>][] = [
  ['PostgreSQL', hasPostgres, () => startPostgres(['fsync=off'])],
  ['Redis', REDIS.path !== undefined, () => startRedis(REDIS)],
  ['Valkey', VALKEY_9.path !== undefined, () => startRedis(VALKEY_9)],
];

describe.each(ENGINES)('a follower on %s', (_, isThere, startEngine) => {
  describe.skipIf(!isThere)('', () => {
    const engine = startedBefore(startEngine);

    async function opened(url: string): Promise<Store> {
      const store = await openStore(url, { durability: 'process', timeout: 2000 });
      onTestFinished(() => store.close());
      return store;
    }

    /** A follower behind a proxy, and a store that writes without it. */
    async function followed(): Promise<Followed & { proxy: FaultyProxy; writer: Store }> {
      const proxy = await faultyProxy(engine().port);
      const url = engine().url();
      const writer = await opened(url);
      const reader = await opened(url.replace(`:${engine().port}/`, `:${proxy.port}/`));
      return { ...(await follow(reader)), proxy, writer };
    }

    /** Every value of one key, in order; a change may be reported twice. */
    function expectAll(seen: readonly string[], count: number): void {
      const numbers = seen.map((change) => Number(change.split(' ').at(-1)));
      const firsts = [...new Set(numbers)];
      expect(firsts).toEqual(Array.from({ length: count }, (_, n) => n));
    }

    test.each(['cut', 'mute', 'drop'] as const)(
      'misses nothing while its connections are: %s',
      async (fault) => {
        const { proxy, writer, count, seen, lost } = await followed();
        let n = 0;
        for (let round = 0; round < 4; round++) {
          for (const state of [fault, 'pass'] as const) {
            proxy.set(state);
            for (const end = n + 25; n < end; n++) await writer.set('b', 'k', Buffer.from(`${n}`));
          }
          await count(n);
        }
        expectAll(seen, n);
        expect(lost).toEqual([]);
      },
      60_000,
    );

    test('misses nothing while the engine is started again', async () => {
      const { writer, count, seen, lost } = await followed();
      await writer.set('b', 'k', Buffer.from('0'));
      await engine().stop();
      await engine().start();
      for (let n = 1; n < 20; n++) {
        await until(async () => writer.set('b', 'k', Buffer.from(`${n}`)));
      }
      await count(20);
      expectAll(seen, 20);
      expect(lost).toEqual([]);
    }, 60_000);
  });
});

/** Repeats a call that the store refused because it was unavailable; nothing was written then. */
async function until(call: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      expect(error).toMatchObject({
        code: expect.stringMatching(/^store-(unavailable|outcome-unknown)$/) as unknown,
      });
      await delay(20);
    }
  }
}
