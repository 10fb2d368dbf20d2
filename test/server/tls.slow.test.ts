import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, type RequestOptions, request } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Server } from '../../src/index.ts';
import { createCertificate } from '../../src/server/tls.ts';
import { selfSigned, type TestCertificate } from '../support/certificate.ts';
import { closed } from '../support/closed.ts';
import { temporaryFolder } from '../support/command.ts';
import { call, create, type ServingOptions } from '../support/serving.ts';

let folder: string;
let certificate: TestCertificate;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wasmcp-tls-'));
  certificate = selfSigned(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function secureServer(
  addresses: readonly string[] = ['127.0.0.1:0'],
  options: ServingOptions = {},
): Promise<{ server: Server; port: number }> {
  const context = createCertificate(certificate.cert, certificate.key);
  const { server } = await create('http-lab', { ...options, tls: () => context });
  await server.listen(addresses);
  return { server, port: Number(new URL(server.url!).port) };
}

async function get(port: number, path: string, options: RequestOptions = {}): Promise<IncomingMessage> {
  const sent = request({
    ...{ host: '127.0.0.1', port, path, ca: [certificate.cert], agent: false },
    ...options,
  });
  onTestFinished(() => void sent.destroy());
  const [response] = (await once(sent.end(), 'response')) as [IncomingMessage];
  return response;
}

async function textOf(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part);
  return String(Buffer.concat(parts));
}

/** Whether the handshake succeeds. */
async function shake(port: number, options: ConnectionOptions): Promise<TLSSocket | undefined> {
  const socket = connect({ host: '127.0.0.1', port, ca: [certificate.cert], ...options });
  onTestFinished(() => void socket.destroy());
  return Promise.race([
    once(socket, 'secureConnect').then(() => socket),
    once(socket, 'close').then(() => undefined),
  ]).catch(() => undefined);
}

test('a server with a certificate speaks HTTPS, and its guests see that', async () => {
  const { server, port } = await secureServer();
  expect(server.url).toBe(`https://127.0.0.1:${port}/`);
  const response = await get(port, '/echo');
  expect(response.statusCode).toBe(200);
  expect(await textOf(response)).toContain('scheme: HTTPS\n');
});

test('a Unix socket beside it speaks HTTP', async () => {
  const socketPath = join(temporaryFolder(), 'mcp.sock');
  const { server } = await secureServer(['127.0.0.1:0', `unix:${socketPath}`]);
  expect(server.urls[1]).toBe(`unix:${socketPath}`);
  const { body } = await call('http://localhost/echo', { socketPath, agent: false });
  expect(String(await body())).toContain('scheme: HTTP\n');
});

test.each([
  ['TLS 1.1', { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }, undefined],
  ['TLS 1.2', { maxVersion: 'TLSv1.2' }, 'TLSv1.2'],
  ['TLS 1.3', { minVersion: 'TLSv1.3' }, 'TLSv1.3'],
] as const)('with %s', async (_, options, protocol) => {
  const { port } = await secureServer();
  expect((await shake(port, options))?.getProtocol()).toBe(protocol);
});

test('chooses http/1.1 for clients that offer more, and refuses those that do not offer it', async () => {
  const { port } = await secureServer();
  const both = await shake(port, { ALPNProtocols: ['h2', 'http/1.1'] });
  expect(both?.alpnProtocol).toBe('http/1.1');
  expect(await shake(port, { ALPNProtocols: ['h2'] })).toBe(undefined);
  expect((await shake(port, {}))?.alpnProtocol).toBe(false);
});

test('a client that speaks something else does not affect others', async () => {
  const { port } = await secureServer();
  for (const words of ['GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', '\x16\x03\x01', 'x'.repeat(20_000)]) {
    const client = connectPlain(port, '127.0.0.1');
    client.end(words);
    await closed(client);
  }
  expect((await get(port, '/globals')).statusCode).toBe(200);
});

describe('connections', () => {
  test('count from the start of the handshake, and once only', async () => {
    const { port } = await secureServer(undefined, { maxConnections: 2 });
    const silent = [connectPlain(port, '127.0.0.1'), connectPlain(port, '127.0.0.1')];
    for (const socket of silent) {
      onTestFinished(() => void socket.destroy());
      socket.on('error', () => {});
    }
    await Promise.all(silent.map((socket) => once(socket, 'connect')));
    const evicted = closed(silent[0]!);
    // Two have a place: this one and the second silent one.
    const busy = await get(port, '/stream?n=2&ms=60000&size=1');
    await evicted;
    expect(silent[1]!.closed).toBe(false);
    expect(busy.statusCode).toBe(200);
    expect((await get(port, '/globals')).statusCode).toBe(200);
    expect(busy.complete).toBe(false);
    expect(busy.destroyed).toBe(false);
  });

  test('are idle between requests, and give way to new ones then', async () => {
    const { port } = await secureServer(undefined, { maxConnections: 1 });
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    const first = await get(port, '/globals', { agent });
    const evicted = once(first.socket, 'close');
    await textOf(first);
    expect((await get(port, '/globals')).statusCode).toBe(200);
    await evicted;
  });

  test('are closed with the server, also those in the middle of the handshake', async () => {
    const { server, port } = await secureServer();
    const silent = connectPlain(port, '127.0.0.1');
    onTestFinished(() => void silent.destroy());
    await once(silent, 'connect');
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    await textOf(await get(port, '/globals', { agent }));
    const ended = closed(silent);
    await server.close(5000);
    await ended;
  });

  test('carry pipelined requests beyond those that are served at a time', async () => {
    const { port } = await secureServer();
    const socket = (await shake(port, {}))!;
    const count = 200;
    let text = '';
    socket.setEncoding('latin1').on('data', (part: string) => {
      text += part;
    });
    socket.write('GET /globals HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(count - 1));
    socket.write('GET /globals HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    await once(socket, 'close');
    expect(text.match(/HTTP\/1.1 200 OK/g)).toHaveLength(count);
  });
});

test('each connection gets the certificate that is current when it begins', async () => {
  const next = selfSigned(folder, 'next');
  const contexts = [certificate, next].map(({ cert, key }) => createCertificate(cert, key));
  let current = contexts[0]!;
  const { server } = await create('http-lab', { tls: () => current });
  const port = Number(new URL(await server.listen(0)).port);
  const before = (await shake(port, {}))!;
  current = contexts[1]!;
  const after = (await shake(port, { ca: [next.cert] }))!;
  const [old, renewed] = [before, after].map((socket) => socket.getPeerX509Certificate()!.fingerprint256);
  expect(old).not.toBe(renewed);
  before.write('GET /globals HTTP/1.1\r\nHost: localhost\r\n\r\n');
  expect(String((await once(before, 'data'))[0])).toMatch(/^HTTP\/1.1 200 OK/);
});
