import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, linkSync, renameSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fixture, run, serve, temporaryFolder } from '../support/command.ts';
import { type Output, outputOf } from '../support/output.ts';
import { call, rawConnection } from '../support/serving.ts';

const LAB = fixture('http-lab');
const MEMORY = ['--store', 'memory:'];
const COMMAND = join(import.meta.dirname, '../../bin/wasmcp-node.js');

async function statusOf(url: string, options = {}): Promise<number> {
  const { response, body } = await call(url, { agent: false, ...options });
  await body();
  return response.statusCode!;
}

function urlsIn(stderr: string): string[] {
  return [...stderr.matchAll(/^Serving HTTP on (.+)$/gm)].map(([, url]) => url!);
}

/** A listening socket, to be passed to `activate`. */
async function passed(where: string | { host: string; port: number }): Promise<Server> {
  const server = createServer().listen(where);
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return server;
}

function descriptorOf(server: Server): number {
  return (server as unknown as { _handle: { fd: number } })._handle.fd;
}

/** Leaves the socket to the process that it was passed to. Node removes the file of a Unix socket when it closes it. */
function letGo(server: Server): void {
  const path = server.address();
  if (typeof path !== 'string') {
    server.close();
    return;
  }
  linkSync(path, `${path}.kept`);
  server.close();
  renameSync(`${path}.kept`, path);
}

interface Activated {
  readonly text: Output;
  readonly ended: Promise<number | null>;
  told(pattern: RegExp): Promise<void>;
}

/** Starts `serve` as systemd does: with sockets from descriptor 3 on, and the id of its own process in the environment. */
function activate(servers: readonly Server[], args: readonly string[], pid = '$$'): Activated {
  const script = `LISTEN_PID=${pid} LISTEN_FDS=${servers.length} exec "$0" "$@"`;
  const words = [process.execPath, COMMAND, 'serve', LAB, ...MEMORY, '--systemd-listenfd', ...args];
  const child = spawn('sh', ['-c', script, ...words], {
    cwd: temporaryFolder(),
    stdio: ['ignore', 'pipe', 'pipe', ...servers.map(descriptorOf)],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  for (const server of servers) letGo(server);
  const text = outputOf(child);
  const ended = once(child, 'close').then(([status]) => status as number | null);
  return {
    text,
    ended,
    async told(pattern) {
      while (!pattern.test(text.stderr)) {
        await Promise.race([
          once(child.stderr!, 'data'),
          ended.then(() => Promise.reject(new Error(text.stderr))),
        ]);
      }
    },
  };
}

describe('--systemd-listenfd', () => {
  test('serves on the sockets that are passed, and on no other', async () => {
    const socketPath = join(temporaryFolder(), 'mcp.sock');
    const tcp = await passed({ host: '127.0.0.1', port: 0 });
    const unix = await passed(socketPath);
    const { port } = tcp.address() as { port: number };
    const { told, text } = activate([tcp, unix], ['--inherit-env']);
    await told(/^Serving HTTP on unix:/m);
    expect(urlsIn(text.stderr)).toEqual([`http://127.0.0.1:${port}/`, `unix:${socketPath}`]);
    const { body } = await call(`http://127.0.0.1:${port}/env`, { agent: false });
    expect(String(await body())).not.toContain('LISTEN_');
    expect(await statusOf('http://localhost/globals', { socketPath })).toBe(200);
    expect(await statusOf('http://rebound.example/globals', { socketPath })).toBe(403);
  });

  test('serves on addresses that are named, too', async () => {
    const tcp = await passed({ host: '127.0.0.1', port: 0 });
    const { told, text } = activate([tcp], ['--addr', '[::1]:0']);
    await told(/^Serving HTTP on http:\/\/\[::1\]/m);
    expect(urlsIn(text.stderr)).toHaveLength(2);
  });

  test('leaves a socket of systemd where it is', async () => {
    const socketPath = join(temporaryFolder(), 'mcp.sock');
    const unix = await passed(socketPath);
    const { ended, told } = activate([unix], ['--idle-process-timeout', '10ms']);
    await told(/^Serving HTTP on unix:/m);
    expect(await ended).toBe(0);
    expect(existsSync(socketPath)).toBe(true);
  });

  test('refuses sockets that are meant for another process', async () => {
    const tcp = await passed({ host: '127.0.0.1', port: 0 });
    const { ended, text } = activate([tcp], [], '1');
    expect(await ended).toBe(2);
    expect(text.stderr).toMatch(
      /^error: --systemd-listenfd found no sockets: LISTEN_PID is 1, and this process is \d+;/,
    );
  });

  test('without sockets is refused', async () => {
    const { status, stderr } = await run(['serve', LAB, ...MEMORY, '--systemd-listenfd']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^error: --systemd-listenfd found no sockets: LISTEN_FDS is not set;/);
  });
});

describe('--idle-process-timeout', () => {
  test('ends a server that gets no request', async () => {
    const { finished } = await serve(LAB, [...MEMORY, '--idle-process-timeout', '50ms']);
    expect(await finished).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/^Stopped after 50ms without a request$/m),
    });
  });

  test('waits for the end of a request, however long that takes', async () => {
    const { url, finished, child } = await serve(LAB, [...MEMORY, '--idle-process-timeout', '150ms']);
    const { response, body } = await call(`${url}/stream?n=3&ms=400&size=1`, { agent: false });
    expect(response.statusCode).toBe(200);
    expect(await body()).toHaveLength(3);
    expect(child.exitCode).toBe(null);
    expect((await finished).status).toBe(0);
  });

  test('waits for a body that is still arriving', async () => {
    const { url, finished, child } = await serve(LAB, [...MEMORY, '--idle-process-timeout', '150ms']);
    const connection = await rawConnection(url);
    connection.send(
      'POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 4\r\n\r\n',
    );
    for (const piece of 'wxyz') {
      await new Promise((resolve) => setTimeout(resolve, 100));
      connection.send(piece);
    }
    expect((await connection.end()).text).toMatch(/ 200 OK.*wxyz/s);
    expect(child.exitCode).toBe(null);
    expect((await finished).status).toBe(0);
  });
});

const hasActivator = spawnSync('systemd-socket-activate', ['--version']).status === 0;

test.skipIf(!hasActivator)('the first client starts the server, and is served', async () => {
  const socketPath = join(temporaryFolder(), 'mcp.sock');
  const serving = [process.execPath, COMMAND, 'serve', LAB, ...MEMORY, '--systemd-listenfd'];
  const child = spawn('systemd-socket-activate', ['--listen', socketPath, ...serving], {
    cwd: temporaryFolder(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const text = outputOf(child);
  while (!existsSync(socketPath)) await once(child.stderr, 'data');
  expect(text.stderr).not.toContain('Serving');
  expect(await statusOf('http://localhost/globals', { socketPath })).toBe(200);
});
