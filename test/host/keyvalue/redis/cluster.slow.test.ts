import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { changesConformance, storeConformance } from '../../../../host/keyvalue/conformance/conformance.ts';
import { openStore } from '../../../../host/keyvalue/open.ts';
import type { Store } from '../../../../host/keyvalue/store.ts';
import { REDIS, type RedisCluster, startCluster } from '../../../support/redis.ts';

const U64 = { min: 0n, max: 2n ** 64n - 1n };

describe.skipIf(REDIS.path === undefined)('a store on a Redis cluster of three', () => {
  let cluster: RedisCluster;

  beforeAll(async () => {
    cluster = await startCluster(REDIS);
  }, 120_000);
  afterAll(() => cluster.close());

  async function open(url: string): Promise<Store> {
    const store = await openStore(url, { timeout: 60_000 });
    onTestFinished(() => store.close());
    return store;
  }

  describe.each(['', '&partition=prefix'])('%s', (partition) => {
    for (const { name, run } of storeConformance(() => open(cluster.url() + partition)))
      test(name, run, 60_000);
  });

  describe.each(['', '&partition=prefix'])('changes, %s', (partition) => {
    async function twice(): Promise<[Store, Store]> {
      const url = cluster.url() + partition;
      return [await openStore(url, { timeout: 60_000 }), await openStore(url, { timeout: 60_000 })];
    }
    for (const { name, run } of changesConformance(twice)) test(name, run, 60_000);
  });

  test('buckets are spread over the servers, and all are found from any of them', async () => {
    const url = cluster.url();
    const store = await open(url);
    expect(store.guarantee).toMatchObject({
      durability: 'strict',
      engine: expect.stringMatching(/^Redis 7\S*, cluster, appendonly yes, appendfsync always/) as unknown,
    });
    const names = Array.from({ length: 20 }, (_, n) => `bucket ${n}`);
    await Promise.all(names.map(async (name) => store.set(name, 'k', Uint8Array.of(1))));
    const prefix = new URL(url.replace(/,[^/]*/, '')).searchParams.get('prefix');
    for (const { command } of cluster.servers) {
      expect(await command('KEYS', `${prefix}:*:values`)).not.toBe('');
    }
    for (const { port } of cluster.servers) {
      const other = await open(url.replace(/@[^/]*/, `@127.0.0.1:${port}`));
      expect((await other.buckets()).sort()).toEqual(names.toSorted());
    }
  });

  test('a slot that moves to another server is followed, while and after it moves', async () => {
    const store = await open(cluster.url());
    await store.increment('moving', 'n', 1n, U64);
    const prefix = new URL(store.url.replace(/,[^/]*/, '')).searchParams.get('prefix');
    const [first] = cluster.servers;
    const slot = await first!.command('CLUSTER', 'KEYSLOT', `${prefix}:{moving}:values`);
    const keys = ['values', 'order', 'names', 'meta'].map((kind) => `${prefix}:{moving}:${kind}`);
    const owners = await Promise.all(cluster.servers.map(({ command }) => command('EXISTS', keys[0]!)));
    const from = cluster.servers[owners.indexOf('1')]!;
    const to = cluster.servers[(owners.indexOf('1') + 1) % 3]!;
    const [fromId, toId] = [await from.command('CLUSTER', 'MYID'), await to.command('CLUSTER', 'MYID')];
    await to.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId);
    await from.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId);
    // Half of its keys have moved: the step waits.
    const move = ['MIGRATE', '127.0.0.1', String(to.port), '', '0', '5000', 'AUTH', 'secret', 'KEYS'];
    await from.command(...move, ...keys.slice(0, 2));
    const waiting = Promise.resolve(store.increment('moving', 'n', 1n, U64));
    const errors = async (): Promise<string> =>
      (await from.command('INFO', 'errorstats')) + (await to.command('INFO', 'errorstats'));
    while (!/TRYAGAIN/.test(await errors()));
    await from.command(...move, ...keys.slice(2));
    expect(await waiting).toBe(2n);
    expect(await store.increment('moving', 'n', 1n, U64)).toBe(3n);
    for (const { command } of cluster.servers) await command('CLUSTER', 'SETSLOT', slot, 'NODE', toId);
    expect(await store.increment('moving', 'n', 1n, U64)).toBe(4n);
    expect(await to.command('EXISTS', keys[0]!)).toBe('1');
  });

  test('a server that dies is replaced by its replica, and meanwhile others serve on', async () => {
    const store = await openStore(cluster.url());
    onTestFinished(() => store.close());
    const [primary] = cluster.servers;
    const replica = await cluster.addReplica(primary!);
    const prefix = new URL(store.url.replace(/,[^/]*/, '')).searchParams.get('prefix');
    const names = Array.from({ length: 20 }, (_, n) => `b${n}`);
    await Promise.all(names.map(async (name) => store.set(name, 'k', Uint8Array.of(1))));
    const on = (await primary!.command('KEYS', `${prefix}:*:values`)).split('\n');
    const [lost] = names.filter((name) => on.includes(`${prefix}:{${name}}:values`));
    const offset = async ({ command }: { command: typeof replica.command }): Promise<string | undefined> =>
      /master_repl_offset:(\d+)/.exec(await command('INFO', 'replication'))?.[1];
    await vi.waitFor(async () => expect(await offset(replica)).toBe(await offset(primary!)), 30_000);
    await primary!.stop('SIGKILL');
    await expect(store.get(lost!, 'k')).rejects.toMatchObject({ code: 'store-unavailable' });
    for (;;) {
      const value = await Promise.resolve(store.get(lost!, 'k')).catch((error: { code: string }) => error);
      if (value instanceof Uint8Array) break;
      expect(value).toMatchObject({ code: 'store-unavailable' });
      await delay(20);
    }
    await store.set(lost!, 'k', Uint8Array.of(2));
    expect((await store.buckets()).sort()).toEqual(names.toSorted());
  }, 120_000);
});
