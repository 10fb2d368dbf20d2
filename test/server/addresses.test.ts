import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createMonitor } from '../../src/server/admin/monitor.ts';
import { fixture, temporaryFolder } from '../support/command.ts';
import { call, create, listen } from '../support/serving.ts';

const ROOT = join(import.meta.dirname, '../..');

/** The status of a request through a Unix socket. */
async function statusOf(socketPath: string, host = 'localhost', path = '/globals'): Promise<number> {
  const { response, body } = await call(`http://${host}${path}`, { socketPath, agent: false });
  await body();
  return response.statusCode!;
}

async function twoOrMore(addresses: readonly string[], options = {}): Promise<readonly string[]> {
  const { server } = await create('http-lab', options);
  await server.listen(addresses);
  return server.urls;
}

describe('a server with several addresses', () => {
  test('serves on each of them, and names the first as its URL', async () => {
    const socket = join(temporaryFolder(), 'mcp.sock');
    const { server } = await create('http-lab');
    expect(await server.listen(['127.0.0.1:0', '[::1]:0', `unix:${socket}`])).toBe(server.url);
    const [first, second, third] = server.urls;
    expect(first).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*\/$/);
    expect(second).toMatch(/^http:\/\/\[::1\]:[1-9]\d*\/$/);
    expect([third, server.url]).toEqual([`unix:${socket}`, first]);
    expect((await fetch(`${first}globals`)).status).toBe(200);
    expect((await fetch(`${second}globals`)).status).toBe(200);
    expect(await statusOf(socket)).toBe(200);
  });

  test('listens on none of them when one cannot be used', async () => {
    const socket = join(temporaryFolder(), 'mcp.sock');
    const { url } = await listen('http-lab');
    const { server } = await create('http-lab');
    const port = new URL(url).port;
    await expect(server.listen([`unix:${socket}`, `127.0.0.1:${port}`])).rejects.toMatchObject({
      code: 'address-unusable',
      message: expect.stringContaining(`127.0.0.1:${port} is already in use`),
    });
    expect(existsSync(socket)).toBe(false);
    expect(server.urls).toEqual([]);
  });

  test('limits the connections of all together', async () => {
    const socket = join(temporaryFolder(), 'mcp.sock');
    const monitor = createMonitor();
    const [url] = await twoOrMore(['127.0.0.1:0', `unix:${socket}`], { maxConnections: 1, monitor });
    const busy = await call(`${url}stream?n=2&ms=60000&size=1`);
    await expect(statusOf(socket)).rejects.toThrow(/EPIPE|ECONNRESET|socket hang up/);
    busy.response.destroy();
    await once(busy.response, 'close');
    while ((await statusOf(socket).catch(() => 0)) !== 200);
  });

  test.each([
    ['an unknown form', 'localhost', /^Write host:port/],
    ['a socket without a path', 'unix:', /^Write unix:/],
    ['a mode that is not octal', 'unix:/tmp/a.sock?mode=rw', /^Write unix:/],
    ['a path that the system would cut off', `unix:/tmp/${'a'.repeat(110)}`, /too long for a Unix socket/],
  ])('refuses %s', async (_, address, message) => {
    const { server } = await create('http-lab');
    await expect(server.listen(address)).rejects.toMatchObject({
      code: 'option-invalid',
      message: expect.stringMatching(message),
    });
  });
});

describe('names of clients', () => {
  const names = { allowHosts: [] };

  test('a Unix socket accepts names of this machine only', async () => {
    const socket = join(temporaryFolder(), 'mcp.sock');
    const { server } = await create('http-lab', names);
    await server.listen(`unix:${socket}`);
    expect(await statusOf(socket)).toBe(200);
    expect(await statusOf(socket, '127.0.0.1')).toBe(200);
    expect(await statusOf(socket, 'rebound.example')).toBe(403);
  });

  test('a Unix socket accepts names that are allowed', async () => {
    const socket = join(temporaryFolder(), 'mcp.sock');
    const { server } = await create('http-lab', { allowHosts: ['mcp.example.com'] });
    await server.listen(`unix:${socket}`);
    expect(await statusOf(socket, 'mcp.example.com')).toBe(200);
    expect(await statusOf(socket, 'rebound.example')).toBe(403);
  });

  test('any name is accepted, and that is reported, once one address is open to other machines', async () => {
    const socket = join(temporaryFolder(), 'mcp.sock');
    const { server, log } = await create('http-lab', names);
    await server.listen([`unix:${socket}`, '0.0.0.0:0']);
    expect(await statusOf(socket, 'any.example')).toBe(200);
    expect(log).toEqual([expect.stringMatching(/^warn access-policy: 0\.0\.0\.0 accepts any host name/)]);
  });
});

describe('requests of guests', () => {
  test('reach none of the addresses of their server', async () => {
    const { server, log } = await create('http-lab');
    await server.listen(['127.0.0.1:0', '[::1]:0']);
    const [first, second] = server.urls as [string, string];
    for (const own of [first, second]) {
      const asked = await fetch(`${first}outgoing?url=${encodeURIComponent(`${own}globals`)}`);
      expect(asked.status).toBe(502);
    }
    const refused = log.filter((line) => /it is the server's own address/.test(line));
    expect(refused.map((line) => /request to (\S+) refused/.exec(line)![1])).toEqual([
      new URL(first).origin,
      new URL(second).origin,
    ]);
  });

  test('reach loopback addresses as long as all addresses of the server are local', async () => {
    const other = await listen('http-lab');
    const statusFrom = async (...addresses: string[]): Promise<number> => {
      const [url] = await twoOrMore(addresses);
      const asked = await fetch(`${url}outgoing?url=${encodeURIComponent(`${other.url}/globals`)}`);
      return asked.status;
    };
    expect(await statusFrom('127.0.0.1:0', `unix:${temporaryFolder()}/mcp.sock`)).toBe(200);
    expect(await statusFrom('127.0.0.1:0', '0.0.0.0:0')).toBe(502);
  });
});

describe('a Unix socket', () => {
  test('is for its user only, unless a mode is given', async () => {
    const folder = temporaryFolder();
    await twoOrMore([
      `unix:${folder}/a.sock`,
      `unix:${folder}/b.sock?mode=660`,
      `unix:${folder}/c.sock?mode=0666`,
    ]);
    const modes = ['a', 'b', 'c'].map((name) => statSync(join(folder, `${name}.sock`)).mode & 0o777);
    expect(modes).toEqual([0o600, 0o660, 0o666]);
  });

  test('is removed when the server closes', async () => {
    const socket = join(temporaryFolder(), 'mcp.sock');
    const { server } = await create('http-lab');
    await server.listen(`unix:${socket}`);
    expect(lstatSync(socket).isSocket()).toBe(true);
    await server.close(0);
    expect(existsSync(socket)).toBe(false);
  });

  test('is removed when the process exits without closing the server', async () => {
    const socket = join(temporaryFolder(), 'mcp.sock');
    const script = `
      import { existsSync } from 'node:fs';
      import { createServer, loadComponent } from ${JSON.stringify(join(ROOT, 'src/index.ts'))};
      const server = createServer(await loadComponent(${JSON.stringify(fixture('http-lab'))}), { store: 'memory:' });
      await server.listen(${JSON.stringify(`unix:${socket}`)});
      process.exit(existsSync(${JSON.stringify(socket)}) ? 3 : 4);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' });
    expect(await once(child, 'close')).toEqual([3, null]);
    expect(existsSync(socket)).toBe(false);
  });

  test('that a killed server has left behind is replaced', async () => {
    const socket = join(temporaryFolder(), 'mcp.sock');
    await leaveBehind(socket);
    await twoOrMore([`unix:${socket}`]);
    expect(await statusOf(socket)).toBe(200);
  });

  test('is not taken from a program that answers there', async () => {
    const socket = join(temporaryFolder(), 'mcp.sock');
    await twoOrMore([`unix:${socket}`]);
    const { server } = await create('http-lab');
    await expect(server.listen(`unix:${socket}`)).rejects.toMatchObject({
      code: 'address-unusable',
      message: `unix:${socket} is already in use: stop the program that listens there, or choose another path with --addr`,
    });
    expect(await statusOf(socket)).toBe(200);
  });

  test.each([
    ['a file', (path: string) => writeFileSync(path, 'precious'), 'exists and is not a socket'],
    ['a folder', (path: string) => void mkdirSync(path), 'exists and is not a socket'],
    ['a link', (path: string) => symlinkSync('/dev/null', path), 'exists and is not a socket'],
  ])('does not replace %s', async (_, make, reason) => {
    const path = join(temporaryFolder(), 'mcp.sock');
    make(path);
    const before = lstatSync(path);
    const { server } = await create('http-lab');
    await expect(server.listen(`unix:${path}`)).rejects.toMatchObject({
      code: 'address-unusable',
      message: `unix:${path} ${reason}, or choose another path with --addr`,
    });
    expect(lstatSync(path).ino).toBe(before.ino);
  });

  test('needs a folder that exists', async () => {
    const { server } = await create('http-lab');
    await expect(server.listen(`unix:${temporaryFolder()}/none/mcp.sock`)).rejects.toMatchObject({
      code: 'address-unusable',
      message: expect.stringContaining('is in a folder that does not exist'),
    });
  });
});

/** A socket file that no process listens on. */
async function leaveBehind(path: string): Promise<void> {
  const folder = temporaryFolder();
  const other = createServer().listen(join(folder, 'first.sock'));
  onTestFinished(() => void other.close());
  await once(other, 'listening');
  // Node removes the name under which it was created.
  linkSync(join(folder, 'first.sock'), path);
  chmodSync(path, 0o600);
  other.close();
  await once(other, 'close');
  expect(existsSync(path)).toBe(true);
}
