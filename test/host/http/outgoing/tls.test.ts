import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TlsOptions } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OutgoingHttp, openOutgoing } from '../../../../host/index.ts';
import { httpServer, listening, type TestServer } from '../../../support/servers.ts';
import { type Answer, play } from './guest.ts';

let folder: string;
let authority: string;
let trusting: OutgoingHttp;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wasmcp-tls-'));
  openssl(
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=CA -keyout ca.key -out ca.pem',
  );
  authority = readFileSync(join(folder, 'ca.pem'), 'utf8');
  trusting = openOutgoing({ loopback: true, ca: [authority], resolve: async () => ['127.0.0.1'] });
});

afterAll(async () => {
  await trusting.close();
  rmSync(folder, { recursive: true });
});

function openssl(command: string): void {
  execFileSync('openssl', command.split(' '), { cwd: folder, stdio: 'ignore' });
}

/** A key and a certificate for these names, signed by the authority of this test. */
function certificate(names: string, days = 1): TlsOptions {
  const subject = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=server -keyout key.pem';
  openssl(
    `req -x509 ${subject} -CA ca.pem -CAkey ca.key -days ${days} -addext subjectAltName=${names} -out cert.pem`,
  );
  return { key: readFileSync(join(folder, 'key.pem')), cert: readFileSync(join(folder, 'cert.pem')) };
}

async function serve(options: TlsOptions): Promise<TestServer> {
  return listening(
    createServer(options, (request, response) => {
      const socket = request.socket as typeof request.socket & { servername?: string | false };
      response.end(`${socket.servername} ${request.headers.host}`);
    }),
    'https',
  );
}

async function ask(url: string, outgoing: OutgoingHttp = trusting): Promise<Answer> {
  return play(outgoing).fetch(url);
}

test('a server with a trusted certificate responds, by name and by address', async () => {
  const server = await serve(certificate('DNS:named.example,IP:127.0.0.1'));
  const named = `named.example:${server.port}`;
  expect((await ask(`https://${named}/`)).body.toString()).toBe(`named.example ${named}`);
  expect((await ask(`https://named.example.:${server.port}/`)).body.toString()).toMatch(/^named\.example /);
  expect((await ask(server.url)).body.toString()).toBe(`false 127.0.0.1:${server.port}`);
});

test('an unknown authority is refused, whatever the environment', async () => {
  const server = await serve(certificate('IP:127.0.0.1'));
  const strict = openOutgoing({ loopback: true });
  const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  try {
    expect((await ask(server.url, strict)).error).toEqual({ tag: 'TLS-certificate-error' });
  } finally {
    if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
    await strict.close();
  }
});

test('a certificate for another name is refused', async () => {
  const server = await serve(certificate('DNS:named.example'));
  expect((await ask(`https://other.example:${server.port}/`)).error).toEqual({
    tag: 'TLS-certificate-error',
  });
  expect((await ask(server.url)).error).toEqual({ tag: 'TLS-certificate-error' });
});

test('a peer without TLS is a protocol error', async () => {
  const server = await httpServer((_request, response) => response.end());
  expect((await ask(server.url.replace('http:', 'https:'))).error).toEqual({ tag: 'TLS-protocol-error' });
});

test('an alert of the peer is reported with its number', async () => {
  const old = await serve({
    ...certificate('IP:127.0.0.1'),
    maxVersion: 'TLSv1.2',
    ciphers: 'ECDHE-RSA-AES128-SHA',
  });
  expect((await ask(old.url)).error).toMatchObject({ tag: 'TLS-alert-received', val: { alertId: 40 } });
});
