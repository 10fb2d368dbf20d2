import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { WasmcpError } from '../../../../host/error.ts';
import type { StoreOptions } from '../../../../host/keyvalue/driver.ts';
import { openStore } from '../../../../host/keyvalue/open.ts';
import { REDIS, type Redis, startRedis } from '../../../support/redis.ts';
import { tcpServer } from '../../../support/servers.ts';
import { configure, eventually, type Opened, openThrough } from './faulty-store.ts';

const U64 = { min: 0n, max: 2n ** 64n - 1n };

describe.skipIf(REDIS.path === undefined)('a store on Redis whose engine', () => {
  let redis: Redis;

  beforeAll(async () => {
    redis = await startRedis(REDIS);
  }, 120_000);
  afterAll(() => redis.close());

  const open = (options?: StoreOptions): Promise<Opened> => openThrough(redis, options);

  test('dies between a write and its response: the outcome is unknown, and the write is not repeated', async () => {
    const { store, proxy } = await open();
    await store.increment('b', 'n', 0n, U64);
    const dropped = proxy.once('drop');
    await expect(store.increment('b', 'n', 1n, U64)).rejects.toMatchObject({ code: 'store-outcome-unknown' });
    await dropped;
    // The engine had received it: a repetition would have counted 2.
    expect(await store.increment('b', 'n', 0n, U64)).toBe(1n);
  });

  test('dies before the response to a read: it is repeated', async () => {
    const { store, proxy } = await open();
    await store.set('b', 'k', Uint8Array.of(7));
    const dropped = proxy.once('drop');
    expect(await store.get('b', 'k')).toEqual(Uint8Array.of(7));
    await dropped;
  });

  test('is cut off within a batch: nothing of it is written, and the outcome is unknown', async () => {
    const { store, proxy } = await open();
    await store.set('b', 'warm', Uint8Array.of(1));
    const cut = proxy.once('truncate');
    const batch = Array.from({ length: 8 }, (_, n) => [`k${n}`, new Uint8Array(100_000)] as const);
    await expect(store.setMany('b', batch)).rejects.toMatchObject({ code: 'store-outcome-unknown' });
    await cut;
    expect((await store.list('b')).keys).toEqual(['warm']);
  });

  test('falls silent: every call ends within its time', async () => {
    const { store, proxy } = await open({ timeout: 2000, wait: 60_000 });
    await store.set('b', 'k', Uint8Array.of(1));
    proxy.set('mute');
    await expect(store.set('b', 'k', Uint8Array.of(2))).rejects.toMatchObject({
      code: 'store-outcome-unknown',
    });
    await expect(store.get('b', 'k')).rejects.toMatchObject({ code: 'store-unavailable' });
    proxy.set('pass');
    expect(await eventually(() => store.get('b', 'k'))).toEqual(Uint8Array.of(2));
    // The connection that never responds is closed.
    const connected = async (): Promise<number> =>
      (await redis.command('CLIENT', 'LIST')).split('name=wasmcp-node').length - 1;
    await vi.waitFor(async () => expect(await connected()).toBe(1), 30_000);
  });

  test('hangs: calls end within their time, and a write that it runs later is reported as unknown', async () => {
    const { store } = await open({ timeout: 2000, wait: 60_000 });
    await store.set('b', 'k', Uint8Array.of(1));
    redis.freeze();
    onTestFinished(() => redis.thaw());
    await expect(store.set('b', 'k', Uint8Array.of(2))).rejects.toMatchObject({
      code: 'store-outcome-unknown',
      message: expect.stringContaining('(--store-timeout)') as unknown,
    });
    redis.thaw();
    expect(await eventually(() => store.get('b', 'k'))).toEqual(Uint8Array.of(2));
  });

  test('runs the script of another client: calls fail as busy, and nothing was written', async () => {
    const { store } = await open();
    await store.set('b', 'k', Uint8Array.of(1));
    await configure(redis, 'busy-reply-threshold', '1', '5000');
    const blocking = redis.command('EVAL', 'while true do end', '0');
    for (let code = ''; code !== 'store-busy'; ) {
      code = await Promise.resolve(store.set('b', 'k', Uint8Array.of(1))).then(
        () => '',
        (error: WasmcpError) => error.code,
      );
    }
    await expect(store.set('b', 'k', Uint8Array.of(2))).rejects.toMatchObject({ code: 'store-busy' });
    expect(await redis.command('SCRIPT', 'KILL')).toBe('OK');
    await blocking;
    expect(await store.get('b', 'k')).toEqual(Uint8Array.of(1));
  });

  test('is out of memory: writes fail as a whole, reads and deletions succeed, and it recovers', async () => {
    const { store, reports } = await open();
    await store.set('b', 'k', Uint8Array.of(1));
    await store.set('b', 'old', Uint8Array.of(1));
    await configure(redis, 'maxmemory', '1', '0');
    const full = { code: 'store-full', message: expect.stringContaining('raise maxmemory') as unknown };
    await expect(store.set('b', 'k', Uint8Array.of(2))).rejects.toMatchObject(full);
    await expect(
      store.setMany('b', [
        ['k', Uint8Array.of(2)],
        ['new', Uint8Array.of(2)],
      ]),
    ).rejects.toMatchObject(full);
    await expect(store.increment('b', 'n', 1n, U64)).rejects.toMatchObject(full);
    await expect(
      (async () => store.swap('b', 'k', (await store.read('b', 'k')).version, Uint8Array.of(2)))(),
    ).rejects.toMatchObject(full);
    await store.delete('b', 'old');
    expect(await store.getMany('b', ['k', 'new'])).toEqual([Uint8Array.of(1), undefined]);
    expect((await store.list('b')).keys).toEqual(['k']);
    await redis.command('CONFIG', 'SET', 'maxmemory', '0');
    await store.set('b', 'k', Uint8Array.of(2));
    expect(reports).toEqual([]);
  });

  test('allows no further connection: calls use those that there are, a new store is refused', async () => {
    const { store, reports } = await open({ connections: 4 });
    await store.increment('b', 'n', 0n, U64);
    const connected = /connected_clients:(\d+)/.exec(await redis.command('INFO', 'clients'))![1]!;
    await configure(redis, 'maxclients', connected, '10000');
    // In place of the connection that has asked.
    const another = connect(redis.port, '127.0.0.1');
    onTestFinished(() => void another.destroy());
    await once(another, 'connect');
    await expect(openStore(redis.url())).rejects.toMatchObject({
      code: 'store-unavailable',
      message: expect.stringContaining('has no connection left (maxclients)') as unknown,
    });
    const counted = new Set<bigint>();
    const client = async (): Promise<void> => {
      for (let round = 0; round < 5; round++) counted.add(await store.increment('b', 'n', 1n, U64));
    };
    await Promise.all(Array.from({ length: 200 }, client));
    expect(counted.size).toBe(1000);
    expect(reports).toEqual([]);
  });

  test('is cut off under load: calls fail at once, no acknowledged write is lost, and it recovers by itself', async () => {
    const { store, proxy, reports } = await open({ timeout: 10_000 });
    let [acknowledged, unknown, refused, isOver] = [0, 0, 0, false];
    const client = async (): Promise<void> => {
      while (!isOver) {
        try {
          await store.increment('b', 'n', 1n, U64);
          acknowledged += 1;
        } catch (error) {
          const { code } = error as WasmcpError;
          if (code === 'store-outcome-unknown') unknown += 1;
          else if (code === 'store-unavailable') refused += 1;
          else throw error;
          await delay(5);
        }
      }
    };
    const clients = Promise.all(Array.from({ length: 8 }, client));
    for (const count of [50, 100]) {
      while (acknowledged < count) await delay(5);
      proxy.set('cut');
      const before = refused;
      while (refused < before + 50) await delay(5);
      proxy.set('pass');
      await eventually(() => store.get('b', 'n'));
    }
    isOver = true;
    await clients;
    const counted = Number(await store.increment('b', 'n', 0n, U64));
    expect(counted).toBeGreaterThanOrEqual(acknowledged);
    expect(counted).toBeLessThanOrEqual(acknowledged + unknown);
    expect(reports.map((report) => report?.code)).toEqual([
      'store-unavailable',
      undefined,
      'store-unavailable',
      undefined,
    ]);
  }, 120_000);

  test('is killed and restarted: no acknowledged write is lost', async () => {
    const { store } = await open();
    await store.set('b', 'k', Uint8Array.of(1));
    await redis.stop('SIGKILL');
    await expect(store.set('b', 'k', Uint8Array.of(2))).rejects.toMatchObject({
      code: expect.stringMatching(/^store-(unavailable|outcome-unknown)$/) as unknown,
    });
    await redis.start();
    expect(await eventually(() => store.get('b', 'k'))).toEqual(Uint8Array.of(1));
    // Its scripts are gone.
    await store.set('b', 'k', Uint8Array.of(3));
    expect((await store.read('b', 'k')).value).toEqual(Uint8Array.of(3));
  }, 120_000);

  test('accepts connections and then says nothing: opening ends within its time', async () => {
    let commands = 0;
    const { port } = await tcpServer((socket) => {
      socket.on('data', (part: Buffer) => {
        // The handshake succeeds.
        for (const name of part.toString().match(/AUTH|SETNAME/g) ?? []) {
          commands += 1;
          socket.write(`+${name}\r\n`);
        }
      });
    });
    await expect(openStore(`redis://:secret@127.0.0.1:${port}`, { timeout: 1000 })).rejects.toMatchObject({
      code: 'store-unavailable',
      message: expect.stringContaining('did not respond in time') as unknown,
    });
    expect(commands).toBe(2);
  });

  test('is unavailable at the start: opening waits for it, and otherwise says so', async () => {
    await redis.stop();
    const url = redis.url();
    await expect(openStore(url)).rejects.toMatchObject({ code: 'store-unavailable' });
    await expect(openStore(url, { wait: 300 })).rejects.toThrow(
      /cannot be reached: .*; waited 0\.3 s for it \(--store-wait\)$/,
    );
    const reports: unknown[] = [];
    const opening = openStore(url, { wait: 600_000, away: (failure) => reports.push(failure?.code) });
    await redis.start();
    await (await opening).close();
    expect(reports.at(-1)).toBe(undefined);
  }, 120_000);

  test('becomes a replica: calls fail until it is the primary again, and a replica is refused', async () => {
    const primary = await startRedis(REDIS);
    onTestFinished(() => primary.close());
    const { store, reports } = await open();
    await store.set('b', 'k', Uint8Array.of(1));
    await redis.command('CONFIG', 'SET', 'masterauth', 'secret');
    onTestFinished(async () => void (await redis.command('REPLICAOF', 'NO', 'ONE')));
    await redis.command('REPLICAOF', '127.0.0.1', String(primary.port));
    await expect(store.set('b', 'k', Uint8Array.of(2))).rejects.toMatchObject({ code: 'store-unavailable' });
    // Reads never go to a replica.
    await expect(store.get('b', 'k')).rejects.toMatchObject({ code: 'store-unavailable' });
    await expect(openStore(redis.url())).rejects.toThrow(/is a replica: connect to the primary server/);
    expect(reports.map((report) => report?.code)).toEqual(['store-unavailable']);
    await redis.command('REPLICAOF', 'NO', 'ONE');
    await eventually(() => store.set('b', 'k', Uint8Array.of(3)));
  }, 60_000);
});
