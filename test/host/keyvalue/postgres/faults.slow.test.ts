import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { WasmcpError } from '../../../../host/error.ts';
import type { StoreOptions } from '../../../../host/keyvalue/driver.ts';
import { openStore } from '../../../../host/keyvalue/open.ts';
import type { Store } from '../../../../host/keyvalue/store.ts';
import { type FaultyProxy, faultyProxy } from '../../../support/faulty-proxy.ts';
import { hasPostgres, type Postgres, startPostgres } from '../../../support/postgres.ts';
import { tcpServer } from '../../../support/servers.ts';

const U64 = { min: 0n, max: 2n ** 64n - 1n };

describe.skipIf(!hasPostgres)('a store on PostgreSQL whose engine', () => {
  let postgres: Postgres;

  beforeAll(async () => {
    postgres = await startPostgres();
  }, 120_000);
  afterAll(() => postgres.close());

  interface Opened {
    readonly store: Store;
    readonly proxy: FaultyProxy;
    /** What `away` was called with. */
    readonly reports: (WasmcpError | undefined)[];
  }

  async function open(options: StoreOptions = {}): Promise<Opened> {
    const proxy = await faultyProxy(postgres.port);
    const url = postgres.url().replace(`:${postgres.port}/`, `:${proxy.port}/`);
    const reports: (WasmcpError | undefined)[] = [];
    const store = await openStore(url, { ...options, away: (failure) => reports.push(failure) });
    onTestFinished(() => store.close());
    return { store, proxy, reports };
  }

  /** Repeats a call until it succeeds: the store comes back by itself. */
  async function eventually<T>(call: () => PromiseLike<T> | T): Promise<T> {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        expect(error).toMatchObject({ code: 'store-unavailable' });
        await delay(5);
      }
    }
  }

  test('has lost its tables is unusable, for calls and for leases', async () => {
    const url = postgres.url();
    const store = await openStore(url);
    onTestFinished(() => store.close());
    const holder = { id: 'holder', life: 5000 };
    await store.leases!.acquire(holder, 'b', 'before');
    postgres.sql(`DROP SCHEMA ${new URL(url).searchParams.get('schema')!} CASCADE`);
    for (const call of [
      () => store.get('b', 'k'),
      () => store.set('b', 'k', Uint8Array.of(1)),
      () => store.list('b'),
      () => store.leases!.acquire(holder, 'b', 'l'),
      () => store.leases!.renew(holder),
      () => store.leases!.leave(holder),
    ]) {
      await expect(Promise.resolve().then<unknown>(call)).rejects.toMatchObject({ code: 'store-unusable' });
    }
  });

  test('dies while a connection is being prepared: the call fails, and the process lives', async () => {
    let cuts = 0;
    const { port } = await tcpServer((socket) => {
      const server = connect(postgres.port, '127.0.0.1');
      server.on('error', () => {}).on('close', () => socket.destroy());
      server.on('data', (part) => socket.write(part));
      socket.on('close', () => server.destroy());
      socket.on('data', (part: Buffer) => {
        if (cuts === 0 || !part.includes('server_version')) return void server.write(part);
        cuts -= 1;
        socket.resetAndDestroy();
      });
    });
    const store = await openStore(postgres.url().replace(`:${postgres.port}/`, `:${port}/`));
    onTestFinished(() => store.close());
    postgres.sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'wasmcp-node'",
    );
    cuts = 8;
    await expect
      .poll(
        async () => {
          await Promise.resolve(store.get('b', 'k')).catch(() => {});
          return cuts;
        },
        { timeout: 30_000 },
      )
      .toBeLessThan(8);
    cuts = 0;
    expect(await eventually(() => store.get('b', 'k'))).toBeUndefined();
  }, 60_000);

  test('dies between a write and its response: the outcome is unknown, and the write is not repeated', async () => {
    const { store, proxy } = await open();
    await store.set('b', 'warm', Uint8Array.of(1));
    const dropped = proxy.once('drop');
    await expect(store.increment('b', 'n', 1n, U64)).rejects.toMatchObject({ code: 'store-outcome-unknown' });
    await dropped;
    // The engine had it: a repetition would have made it 2.
    expect(await store.increment('b', 'n', 0n, U64)).toBe(1n);
  });

  test('dies before the response to a read: it is repeated', async () => {
    const { store, proxy } = await open();
    await store.set('b', 'k', Uint8Array.of(7));
    const dropped = proxy.once('drop');
    expect(await store.get('b', 'k')).toEqual(Uint8Array.of(7));
    await dropped;
  });

  test('stops responding: every call ends within its timeout', async () => {
    const { store, proxy } = await open({ timeout: 500 });
    await store.set('b', 'k', Uint8Array.of(1));
    proxy.set('mute');
    await expect(store.set('b', 'k', Uint8Array.of(2))).rejects.toMatchObject({
      code: 'store-outcome-unknown',
    });
    await expect(store.get('b', 'k')).rejects.toMatchObject({ code: 'store-unavailable' });
    proxy.set('pass');
    expect(await eventually(() => store.get('b', 'k'))).toEqual(Uint8Array.of(2));
  });

  test('is slow: it rolls back the write, the call fails as busy, and nothing was written', async () => {
    const { store } = await open({ timeout: 4000 });
    await store.set('b', 'k', Uint8Array.of(1));
    const schema = new URL(store.url).searchParams.get('schema');
    postgres.sql(`CREATE FUNCTION ${schema}.slow() RETURNS trigger AS 'BEGIN PERFORM pg_sleep(60); RETURN NEW; END' LANGUAGE plpgsql;
      CREATE TRIGGER slow BEFORE UPDATE ON ${schema}.kv FOR EACH ROW EXECUTE FUNCTION ${schema}.slow()`);
    await expect(store.set('b', 'k', Uint8Array.of(2))).rejects.toMatchObject({ code: 'store-busy' });
    expect(await store.get('b', 'k')).toEqual(Uint8Array.of(1));
  });

  test('refuses further connections: calls without a connection fail, and the others succeed', async () => {
    postgres.sql(
      `CREATE ROLE few LOGIN PASSWORD 'secret' CONNECTION LIMIT 1; GRANT CREATE ON DATABASE postgres TO few`,
    );
    const url = postgres.url().replace('postgres:secret', 'few:secret');
    const reports: unknown[] = [];
    const store = await openStore(url, { away: (failure) => reports.push(failure) });
    onTestFinished(() => store.close());
    await expect(openStore(url)).rejects.toMatchObject({
      code: 'store-unavailable',
      message: expect.stringContaining('has no connection') as unknown,
    });
    const calls = Array.from({ length: 4 }, async () => store.increment('b', 'n', 1n, U64));
    const settled = (await Promise.allSettled(calls)).map(({ status }) => status);
    expect(settled.filter((status) => status === 'rejected').length).toBeGreaterThan(0);
    const counted = BigInt(settled.filter((status) => status === 'fulfilled').length);
    // The connection that there is serves on: the engine is not away.
    expect(await store.increment('b', 'n', 0n, U64)).toBe(counted);
    expect(reports).toEqual([]);
  });

  test('is disconnected under load: calls fail at once, no acknowledged write is lost, and the store reconnects by itself', async () => {
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
    await postgres.stop('immediate');
    await expect(store.set('b', 'k', Uint8Array.of(2))).rejects.toMatchObject({
      code: expect.stringMatching(/^store-(unavailable|outcome-unknown)$/) as unknown,
    });
    await postgres.start();
    expect(await eventually(() => store.get('b', 'k'))).toEqual(Uint8Array.of(1));
  }, 120_000);

  test('is unavailable at the start: opening waits as long as allowed, then fails and says so', async () => {
    await postgres.stop();
    const url = postgres.url();
    await expect(openStore(url)).rejects.toMatchObject({ code: 'store-unavailable' });
    await expect(openStore(url, { wait: 300 })).rejects.toThrow(
      /cannot be reached: .*; waited 0\.3 s for it \(--store-wait\)$/,
    );
    const reports: unknown[] = [];
    const opening = openStore(url, { wait: 600_000, away: (failure) => reports.push(failure?.code) });
    await postgres.start();
    await (await opening).close();
    expect(reports.at(-1)).toBe(undefined);
  }, 120_000);

  test('has become read-only: it is refused as a replica would be', async () => {
    postgres.sql('CREATE DATABASE readonly');
    postgres.sql('ALTER DATABASE readonly SET default_transaction_read_only = on');
    const url = postgres.url().replace('/postgres?', '/readonly?');
    await expect(openStore(url)).rejects.toThrow(/is read-only: connect to the primary server/);
    postgres.sql(`ALTER ROLE postgres IN DATABASE postgres SET synchronous_commit = off`);
    onTestFinished(() => void postgres.sql('ALTER ROLE postgres IN DATABASE postgres RESET ALL'));
    await expect(openStore(postgres.url())).rejects.toThrow(/ALTER ROLE … SET synchronous_commit = on/);
  });
});
