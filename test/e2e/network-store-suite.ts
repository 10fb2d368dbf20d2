import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fixture, run, type ServeProcess, serve, temporaryFolder } from '../support/command.ts';
import { faultyProxy } from '../support/faulty-proxy.ts';
import { callTool, INITIALIZE_PARAMS, initialize } from '../support/mcp.ts';
import { type NetworkEngine, urlThrough, withoutPassword } from '../support/network-engine.ts';
import { expectBothTold, serveWatchers } from '../support/watchers.ts';

/** What differs between the engines. */
export interface EngineFacts {
  readonly name: string;
  /** The line with which a server says which store it has. */
  readonly greeting: RegExp;
  /** Part of what `/healthz` says of the engine. */
  readonly engine: string;
  /** The parameter of the URL that names a store. */
  readonly naming: string;
  /** Further parameters of URLs with which hosts of one session are tested. */
  readonly variants: readonly string[];
  /** What to use instead of commands for SQLite files. */
  readonly remedies: Readonly<Record<'backup' | 'restore' | 'migrate', RegExp>>;
}

async function post(url: string, path: string, body = ''): Promise<[number, string]> {
  const response = await fetch(`${url}${path}`, { method: 'POST', body });
  return [response.status, await response.text()];
}

function adminOf(server: ServeProcess): string {
  return /^Serving .* and \/metrics on (\S+)$/m.exec(server.text.stderr)![1]!;
}

/** What servers and commands promise with every store on another machine. */
export function networkStoreSuite(engine: () => NetworkEngine, facts: EngineFacts): void {
  test.each(['kv-draft', 'kv-draft2'])(
    '%s: two servers see each other’s writes, which remain when both have ended',
    async (guest) => {
      // Each increment of one key waits for the commit before it, on a disk that others may be using.
      const store = ['--store', engine().url(), '--store-timeout', '60s'];
      const [one, two] = await Promise.all([serve(fixture(guest), store), serve(fixture(guest), store)]);
      expect(one.text.stderr).toMatch(facts.greeting);
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
      const three = await serve(fixture(guest), store);
      expect(await post(three.url, '/increment?key=n&delta=1')).toEqual([200, '21']);
      expect(`${one.text.stderr}${three.text.stderr}`).not.toMatch(/secret/);
    },
    120_000,
  );

  test.each(facts.variants)(
    'calls of one session through two servers run one after another, with "%s"',
    async (parameters) => {
      const store = ['--mcp', 'guide', '--store', `${engine().url()}${parameters}`, '--timeout', '120s'];
      const servers = [
        await serve(fixture('notes-draft'), store),
        await serve(fixture('notes-draft2'), store),
      ];
      const session = await initialize(servers[0]!.url);
      const counts = await Promise.all(
        Array.from({ length: 60 }, (_, n) => callTool(servers[n % 2]!.url, session, 'counter')),
      );
      expect(new Set(counts)).toEqual(new Set(Array.from({ length: 60 }, (_, n) => String(n + 1))));
    },
    120_000,
  );

  test('its calls and connections are metered, lost connections included', async () => {
    const proxy = await faultyProxy(engine().port);
    const url = urlThrough(proxy, engine());
    const server = await serve(fixture('kv-draft'), ['--store', url, '--admin-addr', '127.0.0.1:0']);
    const admin = adminOf(server);
    const metric = async (name: string): Promise<number> => {
      const lines = (await (await fetch(`${admin}metrics`)).text()).split('\n');
      return Number(
        lines
          .find((line) => line.startsWith(`wasmcp_node_store_${name} `))!
          .split(' ')
          .at(-1),
      );
    };
    // On Redis, the first write to a bucket asks first whether the store has followers.
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
    await expectBothTold(await serveWatchers(['--store', engine().url()]));
  }, 60_000);

  test('while the engine is unavailable guests get an error, and /readyz fails until it is available again', async () => {
    const proxy = await faultyProxy(engine().port);
    const password = join(temporaryFolder(), 'password');
    writeFileSync(password, 'secret\n');
    const url = withoutPassword(urlThrough(proxy, engine()));
    const options = ['--store', url, '--store-password-file', password, '--admin-addr', '127.0.0.1:0'];
    const server = await serve(fixture('kv-draft'), options);
    const admin = adminOf(server);
    expect(await post(server.url, '/set?key=k', '1')).toEqual([200, '']);
    expect(await (await fetch(`${admin}healthz`)).json()).toMatchObject({
      store: 'ok',
      durability: 'power',
      engine: expect.stringContaining(facts.engine) as unknown,
    });
    proxy.set('cut');
    expect(await post(server.url, '/set?key=k', '2')).toMatchObject([
      500,
      expect.stringMatching(/the store /),
    ]);
    await server.told(/^error: store: .* cannot be reached/m);
    const refused = await fetch(`${server.url}/get?key=k`, { method: 'POST' });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect((await fetch(`${admin}readyz`)).status).toBe(503);
    expect(await (await fetch(`${admin}healthz`)).json()).toMatchObject({ store: 'unavailable' });
    proxy.set('pass');
    await server.told(/^info: store: the store can be reached again$/m);
    expect((await fetch(`${admin}readyz`)).status).toBe(200);
    expect(await post(server.url, '/get?key=k')).toEqual([200, '1']);
  }, 60_000);

  test('sessions are kept in it, and commands for sessions and stores find them', async () => {
    const url = engine().url();
    const store = ['--store', url];
    const server = await serve(fixture('notes-draft2'), store);
    const sessions = [await initialize(server.url), await initialize(server.url)];
    const listed = await run(['sessions', 'list', ...store]);
    expect(listed).toMatchObject({ status: 0 });
    for (const session of sessions) expect(listed.stdout).toContain(session);
    for (const [at, command] of ['end', 'terminate'].entries()) {
      expect(await run(['sessions', command, sessions[at]!, ...store])).toMatchObject({ status: 0 });
    }
    const backup = `sqlite:${join(temporaryFolder(), 'backup.db')}`;
    expect(await run(['store', 'copy', url, backup])).toMatchObject({ status: 0 });
    expect((await run(['sessions', 'list', '--store', backup])).stdout).toContain(sessions[0]);
    const keys = await run(['kv', 'buckets', ...store]);
    expect(keys).toMatchObject({ status: 0, stdout: expect.stringContaining('default') as unknown });
  }, 120_000);

  test.each([['backup', 'file.db'], ['restore', 'file.db'], ['migrate']] as const)(
    'store %s names what to use instead',
    async (name, ...files) => {
      const refused = await run(['store', name, ...files, '--store', engine().url()]);
      expect(refused).toMatchObject({ status: 2, stdout: '' });
      const [line, ...others] = refused.stderr.trim().split('\n');
      expect(line).toMatch(/^error: store \w+ is for a store in a SQLite file; for one on /);
      expect(line).toContain(`for one on ${facts.name} `);
      expect(line).toMatch(facts.remedies[name]);
      expect(others.join()).not.toMatch(/secret/);
    },
    60_000,
  );

  test('a client on stdio continues its session', async () => {
    const message = { jsonrpc: '2.0', id: 1, method: 'initialize', params: INITIALIZE_PARAMS };
    const call = { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'counter', arguments: {} } };
    const url = engine().url(`${facts.naming}=stdio`);
    const args = ['stdio', fixture('notes-draft2'), '--store', url];
    const said = async (...lines: object[]): Promise<string> => {
      const input = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
      const { status, stdout } = await run(args, { input });
      expect(status).toBe(0);
      return stdout;
    };
    expect(await said(message, call)).toMatch(/"text":"1"/);
    expect(await said(message, call)).toMatch(/"text":"2"/);
  }, 60_000);

  test('a program that runs once keeps its count', async () => {
    const counting = ['run', '--store', engine().url(`${facts.naming}=counting`), fixture('count-draft2')];
    expect(await run(counting)).toMatchObject({ status: 0, stdout: 'run 1\n' });
    expect(await run(counting)).toMatchObject({ status: 0, stdout: 'run 2\n' });
  }, 60_000);
}
