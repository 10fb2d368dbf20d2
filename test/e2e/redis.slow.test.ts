import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixture, run, serve, temporaryFolder } from '../support/command.ts';
import { faultyProxy } from '../support/faulty-proxy.ts';
import { INITIALIZE_PARAMS, initialize } from '../support/mcp.ts';
import { REDIS, type Redis, startRedis } from '../support/redis.ts';
import { expectBothTold, serveWatchers } from '../support/watchers.ts';

async function post(url: string, path: string, body = ''): Promise<[number, string]> {
  const response = await fetch(`${url}${path}`, { method: 'POST', body });
  return [response.status, await response.text()];
}

describe.skipIf(REDIS.path === undefined)('serve with a store on Redis', () => {
  let redis: Redis;

  beforeAll(async () => {
    redis = await startRedis(REDIS);
  }, 120_000);
  afterAll(() => redis.close());

  test('two servers see the writes of each other, which survive both', async () => {
    const store = ['--store', redis.url(), '--store-timeout', '60s'];
    const guest = fixture('kv-draft2');
    const [one, two] = await Promise.all([serve(guest, store), serve(guest, store)]);
    expect(one.text.stderr).toMatch(
      /^Store redis:\/\/127\.0\.0\.1:\d+\/0\?prefix=s\d+, durability power \(Redis 7.*, primary, appendonly yes, appendfsync always, maxmemory-policy noeviction, 0 replicas\)$/m,
    );
    const counted = await Promise.all(
      Array.from({ length: 20 }, (_, n) => post((n % 2 === 0 ? one : two).url, '/increment?key=n&delta=1')),
    );
    expect(new Set(counted.map(([, sum]) => Number(sum)))).toEqual(
      new Set(Array.from({ length: 20 }, (_, n) => n + 1)),
    );
    await post(one.url, '/set?key=k', 'value');
    expect(await post(two.url, '/get?key=k')).toEqual([200, 'value']);
    one.kill('SIGKILL');
    expect(await two.stop()).toMatchObject({ status: 0 });
    const three = await serve(guest, store);
    expect(await post(three.url, '/increment?key=n&delta=1')).toEqual([200, '21']);
    expect(`${one.text.stderr}${three.text.stderr}`).not.toMatch(/secret/);
  }, 120_000);

  test('its calls and connections are metered, lost connections included', async () => {
    const proxy = await faultyProxy(redis.port);
    const url = redis.url().replace(`:${redis.port}/`, `:${proxy.port}/`);
    const server = await serve(fixture('kv-draft'), ['--store', url, '--admin-addr', '127.0.0.1:0']);
    const admin = /^Serving .* and \/metrics on (\S+)$/m.exec(server.text.stderr)![1]!;
    const metric = async (name: string): Promise<number> => {
      const lines = (await (await fetch(`${admin}metrics`)).text()).split('\n');
      return Number(
        lines
          .find((line) => line.startsWith(`wasmcp_node_store_${name} `))!
          .split(' ')
          .at(-1),
      );
    };
    // The first write to a bucket asks first whether the store has followers.
    await post(server.url, '/set?key=k', '0');
    const before = await metric('calls_total{kind="write"}');
    for (let n = 0; n < 10; n++) await post(server.url, '/set?key=k', '1');
    expect(await metric('calls_total{kind="write"}')).toBe(before + 10);
    expect(await metric('call_seconds_total{kind="write"}')).toBeGreaterThan(0);
    expect(await metric('calls_failed_total{kind="write"}')).toBe(0);
    expect(await metric('calls_running{kind="write"}')).toBe(0);
    expect(await metric('calls_waiting')).toBe(0);
    expect(
      (await metric('connections{state="busy"}')) + (await metric('connections{state="idle"}')),
    ).toBeGreaterThan(0);
    const opened = await metric('connections_opened_total');
    const dropped = proxy.once('drop');
    await post(server.url, '/set?key=k', '2');
    await dropped;
    expect(await metric('calls_failed_total{kind="write"}')).toBe(1);
    expect(await post(server.url, '/set?key=k', '3')).toEqual([200, '']);
    expect(await metric('connections_opened_total')).toBeGreaterThan(opened);
  }, 60_000);

  test('components that watch it are notified of the changes of both servers, and not of those of watchers', async () => {
    await expectBothTold(await serveWatchers(['--store', redis.url()]));
  }, 60_000);

  test('while the engine is unavailable guests get an error, and /readyz fails until it is back', async () => {
    const proxy = await faultyProxy(redis.port);
    const password = join(temporaryFolder(), 'password');
    writeFileSync(password, 'secret\n');
    const url = redis.url().replace(`:secret@127.0.0.1:${redis.port}/`, `127.0.0.1:${proxy.port}/`);
    const options = ['--store', url, '--store-password-file', password, '--admin-addr', '127.0.0.1:0'];
    const server = await serve(fixture('kv-draft'), options);
    const admin = /^Serving .* and \/metrics on (\S+)$/m.exec(server.text.stderr)![1]!;
    expect(await post(server.url, '/set?key=k', '1')).toEqual([200, '']);
    expect(await (await fetch(`${admin}healthz`)).json()).toMatchObject({
      store: 'ok',
      durability: 'power',
      engine: expect.stringContaining('appendfsync always') as unknown,
    });
    proxy.set('cut');
    expect(await post(server.url, '/set?key=k', '2')).toMatchObject([
      500,
      expect.stringMatching(/the store /),
    ]);
    await server.told(/^error: store: .* cannot be reached/m);
    expect((await fetch(`${admin}readyz`)).status).toBe(503);
    proxy.set('pass');
    await server.told(/^info: store: the store can be reached again$/m);
    expect((await fetch(`${admin}readyz`)).status).toBe(200);
    expect(await post(server.url, '/get?key=k')).toEqual([200, '1']);
  }, 60_000);

  test('sessions are kept there, and commands for sessions and stores find them', async () => {
    const store = ['--store', redis.url()];
    const server = await serve(fixture('notes-draft2'), store);
    const session = await initialize(server.url);
    const listed = await run(['sessions', 'list', ...store]);
    expect(listed).toMatchObject({ status: 0 });
    expect(listed.stdout).toContain(session);
    expect(await run(['sessions', 'end', session, ...store])).toMatchObject({ status: 0 });
    const backup = `sqlite:${join(temporaryFolder(), 'backup.db')}`;
    expect(await run(['store', 'copy', store[1]!, backup])).toMatchObject({ status: 0 });
    expect((await run(['sessions', 'list', '--store', backup])).stdout).toContain(session);
    const keys = await run(['kv', 'buckets', ...store]);
    expect(keys).toMatchObject({ status: 0, stdout: expect.stringContaining('default') as unknown });
  }, 60_000);

  test.each([
    [['backup', 'file.db'], /or use store copy URL sqlite:FILE while no server runs$/],
    [['restore', 'file.db'], /or use store copy sqlite:FILE URL with an empty prefix$/],
    [['migrate'], /the next start of a server upgrades the layout$/],
  ] as const)(
    'store %j names what to use instead',
    async ([name, ...rest], remedy) => {
      const refused = await run(['store', name, ...rest, '--store', redis.url()]);
      expect(refused).toMatchObject({ status: 2, stdout: '' });
      const [line, ...others] = refused.stderr.trim().split('\n');
      expect(line).toMatch(/^error: store \w+ is for a store in a SQLite file; for one on Redis /);
      expect(line).toMatch(remedy);
      expect(others.join()).not.toMatch(/secret/);
    },
    60_000,
  );

  test('a client on stdio continues its session', async () => {
    const message = { jsonrpc: '2.0', id: 1, method: 'initialize', params: INITIALIZE_PARAMS };
    const call = { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'counter', arguments: {} } };
    const args = ['stdio', fixture('notes-draft2'), '--store', redis.url('prefix=stdio')];
    const said = async (...lines: object[]): Promise<string> => {
      const input = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
      const { status, stdout } = await run(args, { input });
      expect(status).toBe(0);
      return stdout;
    };
    expect(await said(message, call)).toMatch(/"text":"1"/);
    expect(await said(message, call)).toMatch(/"text":"2"/);
  }, 60_000);
});
