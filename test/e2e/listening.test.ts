import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fixture, run, serve, temporaryFolder } from '../support/command.ts';
import { call } from '../support/serving.ts';

const LAB = fixture('http-lab');
const MEMORY = ['--store', 'memory:'];

async function statusOf(url: string, options = {}): Promise<number> {
  const { response, body } = await call(url, { agent: false, ...options });
  await body();
  return response.statusCode!;
}

function urlsIn(stderr: string): string[] {
  return [...stderr.matchAll(/^Serving HTTP on (.+)$/gm)].map(([, url]) => url!);
}

test('serve lists each address in its banner, and serves on each', async () => {
  const socketPath = join(temporaryFolder(), 'mcp.sock');
  const { told, text, stop } = await serve(LAB, [
    ...['--addr', '127.0.0.1:0', '--addr', '[::1]:0', '--addr', `unix:${socketPath}`, ...MEMORY],
  ]);
  await told(/^Serving HTTP on unix:/m);
  const urls = urlsIn(text.stderr);
  expect(urls).toEqual([
    expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/$/),
    expect.stringMatching(/^http:\/\/\[::1\]:\d+\/$/),
    `unix:${socketPath}`,
  ]);
  expect(await statusOf(`${urls[0]}globals`)).toBe(200);
  expect(await statusOf(`${urls[1]}globals`)).toBe(200);
  expect(await statusOf('http://localhost/globals', { socketPath })).toBe(200);
  expect((await stop()).status).toBe(0);
  expect(existsSync(socketPath)).toBe(false);
});

test('addresses of the command line replace those of the environment', async () => {
  const env = { WASMCP_NODE_ADDR: '127.0.0.1:1,[::1]:1' };
  const { text } = await serve(LAB, ['--addr', '127.0.0.1:0', ...MEMORY], { env });
  expect(urlsIn(text.stderr)).toHaveLength(1);
});

test('a component that needs sessions says how its clients reach it through a Unix socket', async () => {
  const socketPath = join(temporaryFolder(), 'mcp.sock');
  const { told } = await serve(fixture('notes-draft'), [
    '--mcp',
    'guide',
    '--addr',
    `unix:${socketPath}`,
    ...MEMORY,
  ]);
  await told(new RegExp(`^MCP endpoint: http://localhost/mcp through unix:${socketPath}$`, 'm'));
});

test('a socket is removed when a second signal ends the process at once', async () => {
  const socketPath = join(temporaryFolder(), 'mcp.sock');
  const { finished, kill, told } = await serve(LAB, ['--addr', `unix:${socketPath}`, ...MEMORY]);
  const { response } = await call('http://localhost/stream?n=2&ms=60000&size=1', { socketPath });
  response.on('error', () => {});
  kill('SIGTERM');
  // It no longer listens, so that the file is gone already; another one must survive.
  while (existsSync(socketPath)) await new Promise(setImmediate);
  const other = createServer().listen(socketPath);
  onTestFinished(() => void other.close());
  await once(other, 'listening');
  kill('SIGTERM');
  await told(/^Stopped at once/m);
  expect((await finished).status).toBe(143);
  expect(existsSync(socketPath)).toBe(true);
});

test('the admin address can be a Unix socket', async () => {
  const socketPath = join(temporaryFolder(), 'admin.sock');
  const { text } = await serve(LAB, ['--admin-addr', `unix:${socketPath}`, ...MEMORY]);
  expect(text.stderr).toContain(
    `Serving the page, /api/v1, /healthz, /readyz and /metrics on unix:${socketPath}\n`,
  );
  expect(await statusOf('http://localhost/readyz', { socketPath })).toBe(200);
  expect(await statusOf('http://rebound.example/readyz', { socketPath })).toBe(403);
});

test('guests cannot reach the sockets of their server', async () => {
  const folder = temporaryFolder();
  const [clients, admin] = [join(folder, 'mcp.sock'), join(folder, 'admin.sock')];
  const addresses = ['--addr', `unix:${clients}`, '--admin-addr', `unix:${admin}`];
  const { told } = await serve(LAB, [...addresses, '--dir', `${folder}::/data`, ...MEMORY]);
  await told(new RegExp(`^warn: files: .*they cannot access ${clients}, ${admin}$`, 'm'));
});

describe('exec', () => {
  const SHOW = 'process.stdout.write(process.env.WASMCP_URL + " " + process.env.PORT)';

  test('names the first address that is not a Unix socket', async () => {
    const socket = `unix:${join(temporaryFolder(), 'mcp.sock')}`;
    const both = ['exec', LAB, '--addr', socket, '--addr', '127.0.0.1:0'];
    const { stdout } = await run([...both, '--', process.execPath, '-e', SHOW]);
    expect(stdout).toMatch(/^http:\/\/127\.0\.0\.1:(\d+) \1$/);
  });

  test('names a Unix socket if there is no other address, and cannot wait for a path there', async () => {
    const only = ['exec', LAB, '--addr', `unix:${join(temporaryFolder(), 'mcp.sock')}`];
    const { stdout } = await run([...only, '--', process.execPath, '-e', SHOW]);
    expect(stdout).toBe(`${only[3]} `);
    const refused = await run([...only, '--wait', '/globals', '--', process.execPath, '-e', SHOW]);
    expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining('--wait needs an --addr') });
  });
});
