import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { openStore } from '../../../../host/keyvalue/open.ts';
import { REDIS, type Redis, startRedis, VALKEY_9 } from '../../../support/redis.ts';

test.skipIf(REDIS.path === undefined)('Redis 7.0 without syncs is refused', async () => {
  const redis = await startRedis(REDIS, { appendfsync: 'everysec' });
  onTestFinished(() => redis.close());
  await expect(openStore(redis.url(), { durability: 'power' })).rejects.toThrow(
    /set appendfsync always in its configuration, or use Redis 7\.2 or later, or Valkey;/,
  );
  await redis.command('CONFIG', 'SET', 'appendfsync', 'always');
  await redis.command('CONFIG', 'SET', 'no-appendfsync-on-rewrite', 'yes');
  await expect(openStore(redis.url(), { durability: 'power' })).rejects.toThrow(
    /set no-appendfsync-on-rewrite no in its configuration;/,
  );
});

describe.skipIf(VALKEY_9.path === undefined)('Valkey with a sync each second', () => {
  let valkey: Redis;

  beforeAll(async () => {
    valkey = await startRedis(VALKEY_9, { appendfsync: 'everysec' });
  }, 120_000);
  afterAll(() => valkey.close());

  test('keeps what was written by waiting for its disk, many writes by one sync', async () => {
    const store = await openStore(valkey.url(), { durability: 'power' });
    onTestFinished(() => store.close());
    expect(store.guarantee).toMatchObject({
      durability: 'power',
      engine: expect.stringContaining('appendfsync everysec, WAITAOF after each write') as unknown,
    });
    const syncs = async (): Promise<number> =>
      Number(
        await valkey.command('HGET', `${new URL(store.url).searchParams.get('prefix')}:{b}:meta`, 'syncs'),
      );
    await store.set('b', 'k', Uint8Array.of(1));
    const before = await syncs();
    const writes = Array.from({ length: 100 }, (_, n) => store.set('b', `k${n}`, Uint8Array.of(1)));
    await Promise.all(writes);
    const after = await syncs();
    expect(after).toBeGreaterThan(before);
    expect(after - before).toBeLessThan(50);
    // What is known to be on disk is read without another one.
    await store.get('b', 'k');
    const read = await syncs();
    await store.get('b', 'k');
    await store.list('b');
    expect(await syncs()).toBe(read);
  }, 60_000);

  test('neither acknowledges nor reads what is not on its disk in time', async () => {
    const [url, options] = [valkey.url(), { durability: 'power', timeout: 4000, wait: 60_000 } as const];
    const [store, reader] = await Promise.all([openStore(url, options), openStore(url, options)]);
    onTestFinished(() => store.close());
    onTestFinished(() => reader.close());
    await store.set('b', 'k', Uint8Array.of(1));
    expect(await reader.get('b', 'k')).toEqual(Uint8Array.of(1));
    await valkey.command('CONFIG', 'SET', 'appendfsync', 'no');
    onTestFinished(async () => void (await valkey.command('CONFIG', 'SET', 'appendfsync', 'everysec')));
    await expect(store.set('b', 'k', Uint8Array.of(2))).rejects.toMatchObject({
      code: 'store-outcome-unknown',
    });
    await expect(reader.get('b', 'k')).rejects.toMatchObject({
      code: expect.stringMatching(/^store-un(usable|available)$/) as unknown,
    });
    // A new connection finds that it cannot be trusted any more.
    await expect(store.get('b', 'k')).rejects.toMatchObject({ code: 'store-unusable' });
    await valkey.command('CONFIG', 'SET', 'appendfsync', 'everysec');
    await vi.waitFor(async () => expect(await store.get('b', 'k')).toEqual(Uint8Array.of(2)), 30_000);
  }, 60_000);

  test('is not trusted with a write after a restart that may have lost it', async () => {
    const store = await openStore(valkey.url(), { durability: 'power', timeout: 20_000 });
    onTestFinished(() => store.close());
    await store.set('b', 'k', Uint8Array.of(1));
    await valkey.command('CONFIG', 'SET', 'appendfsync', 'no');
    const writing = Promise.resolve(store.set('b', 'k', Uint8Array.of(2))).catch((error: Error) => error);
    const key = `${new URL(store.url).searchParams.get('prefix')}:{b}:meta`;
    while ((await valkey.command('HGET', key, 'version')) !== '2');
    await valkey.stop('SIGKILL');
    await valkey.start();
    expect(await writing).toMatchObject({ code: 'store-outcome-unknown' });
  }, 60_000);
});
