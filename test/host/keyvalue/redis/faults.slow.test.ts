import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { WasmcpError } from '../../../../host/error.ts';
import type { StoreOptions } from '../../../../host/keyvalue/driver.ts';
import { openStore } from '../../../../host/keyvalue/open.ts';
import { eventually, type Opened, openThrough, startedBefore } from '../../../support/network-engine.ts';
import { REDIS, startRedis } from '../../../support/redis.ts';
import { tcpServer } from '../../../support/servers.ts';
import { faultsSuite } from '../network/faults-suite.ts';
import { configure } from './configure.ts';

const U64 = { min: 0n, max: 2n ** 64n - 1n };

describe.skipIf(REDIS.path === undefined)('a store on Redis whose engine', () => {
  const engine = startedBefore(() => startRedis(REDIS));
  faultsSuite(engine, {
    crash: ({ stop }) => stop('SIGKILL'),
    connections: async ({ command }) =>
      (await command('CLIENT', 'LIST')).split('name=wasmcp-node').length - 1,
  });

  const open = (options?: StoreOptions): Promise<Opened> => openThrough(engine(), options);

  test('hangs: calls end within their time, and a write that it runs later is reported as unknown', async () => {
    const { store } = await open({ timeout: 2000, wait: 60_000 });
    await store.set('b', 'k', Uint8Array.of(1));
    engine().freeze();
    onTestFinished(() => engine().thaw());
    await expect(store.set('b', 'k', Uint8Array.of(2))).rejects.toMatchObject({
      code: 'store-outcome-unknown',
      message: expect.stringContaining('(--store-timeout)') as unknown,
    });
    engine().thaw();
    expect(await eventually(() => store.get('b', 'k'))).toEqual(Uint8Array.of(2));
  });

  test('runs the script of another client: calls fail as busy, and nothing was written', async () => {
    const { store } = await open();
    await store.set('b', 'k', Uint8Array.of(1));
    await configure(engine(), 'busy-reply-threshold', '1', '5000');
    const blocking = engine().command('EVAL', 'while true do end', '0');
    for (let code = ''; code !== 'store-busy'; ) {
      code = await Promise.resolve(store.set('b', 'k', Uint8Array.of(1))).then(
        () => '',
        (error: WasmcpError) => error.code,
      );
    }
    await expect(store.set('b', 'k', Uint8Array.of(2))).rejects.toMatchObject({ code: 'store-busy' });
    expect(await engine().command('SCRIPT', 'KILL')).toBe('OK');
    await blocking;
    expect(await store.get('b', 'k')).toEqual(Uint8Array.of(1));
  });

  test('is out of memory: writes fail as a whole, reads and deletions succeed, and it recovers', async () => {
    const { store, reports } = await open();
    await store.set('b', 'k', Uint8Array.of(1));
    await store.set('b', 'old', Uint8Array.of(1));
    await configure(engine(), 'maxmemory', '1', '0');
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
    await engine().command('CONFIG', 'SET', 'maxmemory', '0');
    await store.set('b', 'k', Uint8Array.of(2));
    expect(reports).toEqual([]);
  });

  test('allows no further connection: calls use those that there are, a new store is refused', async () => {
    const { store, reports } = await open({ connections: 4 });
    await store.increment('b', 'n', 0n, U64);
    const connected = /connected_clients:(\d+)/.exec(await engine().command('INFO', 'clients'))![1]!;
    await configure(engine(), 'maxclients', connected, '10000');
    // In place of the connection that has asked.
    const another = connect(engine().port, '127.0.0.1');
    onTestFinished(() => void another.destroy());
    await once(another, 'connect');
    await expect(openStore(engine().url())).rejects.toMatchObject({
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

  test('becomes a replica: calls fail until it is the primary again, and a replica is refused', async () => {
    const primary = await startRedis(REDIS);
    onTestFinished(() => primary.close());
    const { store, reports } = await open();
    await store.set('b', 'k', Uint8Array.of(1));
    await engine().command('CONFIG', 'SET', 'masterauth', 'secret');
    onTestFinished(async () => void (await engine().command('REPLICAOF', 'NO', 'ONE')));
    await engine().command('REPLICAOF', '127.0.0.1', String(primary.port));
    await expect(store.set('b', 'k', Uint8Array.of(2))).rejects.toMatchObject({ code: 'store-unavailable' });
    // Reads never go to a replica.
    await expect(store.get('b', 'k')).rejects.toMatchObject({ code: 'store-unavailable' });
    await expect(openStore(engine().url())).rejects.toThrow(/is a replica: connect to the primary server/);
    expect(reports.map((report) => report?.code)).toEqual(['store-unavailable']);
    await engine().command('REPLICAOF', 'NO', 'ONE');
    await eventually(() => store.set('b', 'k', Uint8Array.of(3)));
  }, 60_000);
});
