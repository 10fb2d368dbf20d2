import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openStore } from '../../../../host/keyvalue/open.ts';
import { eventually, openThrough, startedBefore } from '../../../support/network-engine.ts';
import { hasPostgres, startPostgres } from '../../../support/postgres.ts';
import { tcpServer } from '../../../support/servers.ts';
import { faultsSuite } from '../network/faults-suite.ts';

const U64 = { min: 0n, max: 2n ** 64n - 1n };

describe.skipIf(!hasPostgres)('a store on PostgreSQL whose engine', () => {
  const engine = startedBefore(() => startPostgres());
  faultsSuite(engine, {
    crash: ({ stop }) => stop('immediate'),
    connections: ({ sql }) =>
      Number(sql(`SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wasmcp-node'`)),
  });

  test('has lost its tables is unusable, for calls and for leases', async () => {
    const url = engine().url();
    const store = await openStore(url);
    onTestFinished(() => store.close());
    const holder = { id: 'holder', life: 5000 };
    await store.leases!.acquire(holder, 'b', 'before');
    engine().sql(`DROP SCHEMA ${new URL(url).searchParams.get('schema')!} CASCADE`);
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
      const server = connect(engine().port, '127.0.0.1');
      server.on('error', () => {}).on('close', () => socket.destroy());
      server.on('data', (part) => socket.write(part));
      socket.on('close', () => server.destroy());
      socket.on('data', (part: Buffer) => {
        if (cuts === 0 || !part.includes('server_version')) return void server.write(part);
        cuts -= 1;
        socket.resetAndDestroy();
      });
    });
    const store = await openStore(engine().url().replace(`:${engine().port}/`, `:${port}/`));
    onTestFinished(() => store.close());
    engine().sql(
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

  test('is slow: it rolls back the write, the call fails as busy, and nothing was written', async () => {
    const { store } = await openThrough(engine(), { timeout: 4000 });
    await store.set('b', 'k', Uint8Array.of(1));
    const schema = new URL(store.url).searchParams.get('schema');
    engine().sql(`CREATE FUNCTION ${schema}.slow() RETURNS trigger AS 'BEGIN PERFORM pg_sleep(60); RETURN NEW; END' LANGUAGE plpgsql;
      CREATE TRIGGER slow BEFORE UPDATE ON ${schema}.kv FOR EACH ROW EXECUTE FUNCTION ${schema}.slow()`);
    await expect(store.set('b', 'k', Uint8Array.of(2))).rejects.toMatchObject({ code: 'store-busy' });
    expect(await store.get('b', 'k')).toEqual(Uint8Array.of(1));
  });

  test('refuses further connections: calls without a connection fail, and the others succeed', async () => {
    engine().sql(
      `CREATE ROLE few LOGIN PASSWORD 'secret' CONNECTION LIMIT 1; GRANT CREATE ON DATABASE postgres TO few`,
    );
    const url = engine().url().replace('postgres:secret', 'few:secret');
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

  test('has become read-only: it is refused as a replica would be', async () => {
    engine().sql('CREATE DATABASE readonly');
    engine().sql('ALTER DATABASE readonly SET default_transaction_read_only = on');
    const url = engine().url().replace('/postgres?', '/readonly?');
    await expect(openStore(url)).rejects.toThrow(/is read-only: connect to the primary server/);
    engine().sql(`ALTER ROLE postgres IN DATABASE postgres SET synchronous_commit = off`);
    onTestFinished(() => void engine().sql('ALTER ROLE postgres IN DATABASE postgres RESET ALL'));
    await expect(openStore(engine().url())).rejects.toThrow(/ALTER ROLE … SET synchronous_commit = on/);
  });
});
