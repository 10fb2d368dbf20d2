import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openStore } from '../../../../host/keyvalue/open.ts';
import { REDIS, type Redis, startRedis, startSentinel } from '../../../support/redis.ts';

async function start(settings: Readonly<Record<string, string>> = {}): Promise<Redis> {
  const redis = await startRedis(REDIS, { masterauth: 'secret', ...settings });
  onTestFinished(() => redis.close());
  return redis;
}

test.skipIf(REDIS.path === undefined)(
  'a store behind sentinels follows them to the new primary server',
  async () => {
    const primary = await start();
    const replica = await start({ replicaof: `127.0.0.1 ${primary.port}` });
    const sentinel = await startSentinel(REDIS, primary.port);
    onTestFinished(() => sentinel.close());
    // Any sentinel that responds will do.
    const hosts = `127.0.0.1:1,127.0.0.1:${sentinel.port}`;
    const url = `redis://:secret@${hosts}/0?sentinel=main`;
    await expect(openStore(url.replace('main', 'other'))).rejects.toMatchObject({
      code: 'store-unusable',
      message: expect.stringContaining('know no primary server "other"') as unknown,
    });
    await expect(openStore(`redis://127.0.0.1:${sentinel.port}`)).rejects.toThrow(
      /is a sentinel: add \?sentinel=NAME/,
    );
    const store = await openStore(url);
    onTestFinished(() => store.close());
    expect(store.guarantee?.engine).toMatch(/, 1 replica$/);
    await store.set('b', 'k', Uint8Array.of(1));
    await vi.waitFor(async () => {
      expect(await replica.command('INFO', 'replication')).toMatch(/master_link_status:up/);
      expect(await sentinel.command('INFO', 'sentinel')).toMatch(/slaves=1/);
      expect(await replica.command('EXISTS', 'wasmcp:{b}:values')).toBe('1');
    }, 60_000);
    await primary.stop('SIGKILL');
    for (;;) {
      const done = await Promise.resolve(store.set('b', 'k', Uint8Array.of(2))).catch(
        (error: Error) => error,
      );
      if (!(done instanceof Error)) break;
      expect(done).toMatchObject({
        code: expect.stringMatching(/^store-(unavailable|outcome-unknown)$/) as unknown,
      });
      await delay(20);
    }
    expect(await store.get('b', 'k')).toEqual(Uint8Array.of(2));
    expect(await replica.command('ROLE')).toMatch(/^master/);
  },
  120_000,
);
