import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import express from 'express';
import fastify from 'fastify';
import { describe, expect, onTestFinished, test } from 'vitest';
import { create, rawConnection, type Serving } from '../support/serving.ts';

const LOST = 'the body of the request was read before wasmcp-node got it';

async function serveBy(listener: RequestListener): Promise<string> {
  const http = createHttpServer(listener).listen(0, '127.0.0.1');
  onTestFinished(() => void http.close().closeAllConnections());
  await new Promise((resolve) => http.once('listening', resolve));
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

function post(url: string, body: BodyInit, headers: Record<string, string>): Promise<Response> {
  return fetch(`${url}/echo`, { method: 'POST', body, headers, duplex: 'half' } as RequestInit);
}

function expectLost({ log }: Serving): void {
  expect(log).toEqual([expect.stringContaining(`error POST /echo: ${LOST}`)]);
}

const JSON_TYPE = { 'content-type': 'application/json' };
const LARGE = JSON.stringify({ text: 'x'.repeat(80_000) });

describe('after a body parser that keeps no bytes', () => {
  test.each([
    ['small', '{"a":1}'],
    ['large', LARGE],
  ])('a %s body in express gets a response at once that says what to do', async (_, body) => {
    const serving = await create('http-lab');
    const url = await serveBy(express().use(express.json()).use(serving.server.handler));
    const answer = await post(url, body, JSON_TYPE);
    expect(answer.status).toBe(500);
    expect(await answer.text()).toContain(LOST);
    expectLost(serving);
  });

  test('a body in fastify does, too', async () => {
    const serving = await create('http-lab');
    const app = fastify();
    app.all('/echo', (request, reply) => {
      reply.hijack();
      serving.server.handler(request.raw, reply.raw);
    });
    onTestFinished(() => app.close());
    const answer = await post(await app.listen({ port: 0 }), '{}', JSON_TYPE);
    expect(answer.status).toBe(500);
    expectLost(serving);
  });

  test('a body in hono, which passes a fetch request, does, too', async () => {
    const serving = await create('http-lab');
    const request = new Request('http://localhost/echo', { method: 'POST', body: '{}' });
    await request.json();
    const answer = await serving.server.fetch(request);
    expect(answer.status).toBe(500);
    expect(await answer.text()).toContain(LOST);
    expectLost(serving);
  });

  test('a request without a body is served', async () => {
    const { server } = await create('http-lab');
    const url = await serveBy(express().use(express.json()).use(server.handler));
    expect((await fetch(`${url}/globals`)).status).toBe(200);
    expect((await fetch(`${url}/globals`, { method: 'POST' })).status).toBe(200);
  });
});

describe('a body that was kept', () => {
  test.each([
    ['a Buffer in body', express.raw({ type: '*/*', limit: '1mb' })],
    ['a text in body', express.text({ type: '*/*', limit: '1mb' })],
    [
      'a Buffer in rawBody, beside what was parsed',
      express.json({
        verify(request: IncomingMessage & { rawBody?: Buffer }, _, bytes) {
          request.rawBody = bytes;
        },
      }),
    ],
  ])('as %s is the body of the request', async (_, parser) => {
    const { server, log } = await create('http-lab');
    const url = await serveBy(express().use(parser).use(server.handler));
    for (const text of ['{"ä":1}', LARGE]) {
      expect(await (await post(`${url}`, text, JSON_TYPE)).text()).toContain(text);
    }
    expect(log).toEqual([]);
  });

  test('has the length and encoding that it has now, not those that were sent', async () => {
    const { server } = await create('http-lab');
    const url = await serveBy(
      express()
        .use(express.raw({ type: '*/*' }))
        .use(server.handler),
    );
    const text = 'x'.repeat(1000);
    const sent = { 'content-encoding': 'gzip', 'content-type': 'text/plain' };
    const echoed = await (await post(url, gzipSync(text), sent)).text();
    expect(echoed).toContain(text);
    expect(echoed).toContain('content-length: 1000\n');
    expect(echoed).not.toContain('content-encoding');
  });

  test('is limited like any other', async () => {
    const { server } = await create('http-lab', { maxBody: 50_000 });
    const url = await serveBy(
      express()
        .use(express.raw({ type: '*/*', limit: '1mb' }))
        .use(server.handler),
    );
    expect(
      (
        await post(url, gzipSync('x'.repeat(60_000)), {
          'content-encoding': 'gzip',
          'content-type': 'text/plain',
        })
      ).status,
    ).toBe(413);
  });
});

describe('a request that is over before the handler gets it', () => {
  test('is ignored: its client disconnected during slow middleware', async () => {
    const { server, log } = await create('kv-draft');
    const handled = Promise.withResolvers<void>();
    const url = await serveBy((request, response) => {
      if (request.url === '/exists?key=left') return server.handler(request, response);
      response.once('close', () => {
        server.handler(request, response);
        handled.resolve();
      });
    });
    const connection = await rawConnection(url);
    connection.send('POST /set?key=left HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx');
    connection.send('POST /set?key=left HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx');
    connection.socket.end();
    await handled.promise;
    expect(await (await fetch(`${url}/exists?key=left`)).text()).toBe('false');
    expect(log).toEqual([]);
  });

  test('is ignored: other code has responded', async () => {
    const { server, errors } = await create('kv-draft');
    const url = await serveBy((request, response) => {
      if (request.url !== '/exists?key=answered') response.end('answered');
      server.handler(request, response);
    });
    const set = await fetch(`${url}/set?key=answered`, { method: 'POST', body: 'x' });
    expect(await set.text()).toBe('answered');
    expect(await (await fetch(`${url}/exists?key=answered`)).text()).toBe('false');
    expect(errors()).toEqual([]);
  });

  test('leaves no request in progress in the metrics', async () => {
    const { createMonitor } = await import('../../src/server/admin/monitor.ts');
    const monitor = createMonitor();
    const { server } = await create('http-lab', { monitor });
    const handled = Promise.withResolvers<void>();
    const url = await serveBy((request, response) =>
      response.once('close', () => {
        server.handler(request, response);
        handled.resolve();
      }),
    );
    const connection = await rawConnection(url);
    connection.send('GET /globals HTTP/1.1\r\nHost: a\r\n\r\n');
    connection.socket.end();
    await handled.promise;
    expect(await monitor.metrics()).toContain('\nwasmcp_node_requests_in_flight 0\n');
  });
});
