import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createNodeWriter } from '../../src/server/node-response.ts';
import { call, listen, raw, rawConnection, share } from '../support/serving.ts';

const lab = share('http-lab');

/** The next request on a connection that stayed usable, and the end of its response. */
const NEXT = 'GET /body-first?bytes=7 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

const NEXT_ANSWER = /\r\n\r\nx{7}$/;

describe('a streamed response', () => {
  test('is sent when the guest flushes, long before it ends', async () => {
    const { url } = lab;
    const { response } = await call(`${url}/stream?n=2&ms=60000&size=10`);
    for await (const first of response) {
      expect(String(first)).toBe('x'.repeat(10));
      return;
    }
    expect.unreachable();
  });

  test('of server-sent events arrives event by event', async () => {
    const { url } = lab;
    const { response } = await call(`${url}/sse?n=3&ms=40`);
    expect(response.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'transfer-encoding': 'chunked',
    });
    const events: string[] = [];
    for await (const part of response) events.push(String(part));
    expect(events).toEqual([0, 1, 2].map((i) => `id: ${i}\ndata: event ${i}\n\n`));
  });

  test('of many megabytes arrives completely', async () => {
    const { url } = lab;
    expect((await (await call(`${url}/big?bytes=20000000`)).body()).length).toBe(20_000_000);
  });

  test('waits for its reader, and is cut when the reader stalls', async () => {
    const { url, logged } = await listen('http-lab', { streamIdle: 300 });
    const { body } = await call(`${url}/big?bytes=200000000`);
    expect(await logged(/GET \/big/)).toContain('the response made no progress within 300 ms');
    await expect(body()).rejects.toThrow('aborted');
  });
});

describe('a complete response', () => {
  test.each([1, 4096, 4097, 65_536, 300_000, 4_194_304])(
    'of %i bytes, finished before the response is set',
    async (bytes) => {
      const { url } = lab;
      const { response, body } = await call(`${url}/body-first?bytes=${bytes}`);
      expect(response.headers['content-length']).toBe(String(bytes));
      expect((await body()).equals(Buffer.alloc(bytes, 'x'))).toBe(true);
    },
  );

  test.each([0, 1, 4097, 5_000_000])('written in one call of %i bytes', async (bytes) => {
    const { url } = lab;
    expect((await (await call(`${url}/big-write?bytes=${bytes}`)).body()).length).toBe(bytes);
  });

  test('keeps repeated headers separate, as the guest spelled them', async () => {
    const { url } = lab;
    const { response } = await call(`${url}/headers`);
    expect(response.headers['set-cookie']).toEqual(['a=1; Path=/', 'b=2; Path=/']);
    expect(response.rawHeaders).toContain('X-Lab');
  });

  test('with trailers', async () => {
    const { url } = lab;
    const { response, body } = await call(`${url}/trailers`);
    expect(String(await body())).toBe('body before trailers\n');
    expect(response.trailers).toEqual({ 'x-sum': '42', 'x-done': 'yes' });
  });

  test('with trailers for a client that does not support any', async () => {
    const { url } = lab;
    const answer = await raw(url, 'GET /trailers HTTP/1.0\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    expect(answer).toMatch(/\r\n\r\nbody before trailers\n$/);
    expect(answer).not.toMatch(/trailer:|x-sum|chunked/i);
  });

  test('to HEAD has a head and no body, and the connection stays usable', async () => {
    const { url } = lab;
    const connection = await rawConnection(url);
    connection.send('HEAD /big-write?bytes=5000 HTTP/1.1\r\nHost: a\r\n\r\n');
    connection.send('HEAD /trailers HTTP/1.1\r\nHost: a\r\n\r\n');
    connection.send(NEXT);
    const { text } = await connection.end();
    expect(text.match(/HTTP\/1.1 200 OK/g)).toHaveLength(3);
    expect(text).not.toContain('xxxxxxxx');
    expect(text).toMatch(NEXT_ANSWER);
  });

  test.each([204, 205, 304])('of status %i has no body, and the connection stays usable', async (status) => {
    const { url } = lab;
    const connection = await rawConnection(url);
    connection.send(`GET /status?code=${status} HTTP/1.1\r\nHost: a\r\n\r\n`);
    connection.send(NEXT);
    const { text } = await connection.end();
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    if (status !== 205) expect(text.split('\r\n\r\n')[0]).not.toMatch(/content-length|transfer-encoding/i);
    expect(text).toMatch(NEXT_ANSWER);
  });

  test.each([202, 404, 500, 599])('of status %i without a body is complete', async (status) => {
    const { url } = lab;
    const { response, body } = await call(`${url}/status?code=${status}`);
    expect(response.statusCode).toBe(status);
    expect((await body()).length).toBe(0);
  });
});

describe('the memory of a chunk', () => {
  /** A client of a server that responds with these chunks. */
  async function answer(chunks: readonly Uint8Array[]) {
    const server = createServer((request, response) => {
      const target = createNodeWriter(request, response, {}, () => {});
      target.head(200, []);
      for (const bytes of chunks) target.chunk(bytes, () => {});
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    onTestFinished(() => void client.destroy());
    client.on('error', () => {});
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    return client;
  }

  test('is freed once it was written', async () => {
    const chunks = [new Uint8Array(64 * 1024).fill(97), new Uint8Array(64 * 1024).fill(98)];
    const client = await answer(chunks);
    let text = '';
    for await (const part of client) {
      text += part;
      if (text.includes(`${'b'.repeat(64 * 1024)}\r\n`)) break;
    }
    expect(text).toContain('a'.repeat(64 * 1024));
    await expect.poll(() => chunks.every(({ buffer }) => buffer.detached)).toBe(true);
  });

  test('is freed once its connection is closed, when it was never sent', async () => {
    const chunks = Array.from({ length: 64 }, () => new Uint8Array(1024 * 1024));
    const client = await answer(chunks);
    await once(client, 'readable');
    expect(chunks.some(({ buffer }) => buffer.detached)).toBe(false);
    client.resetAndDestroy();
    await expect.poll(() => chunks.every(({ buffer }) => buffer.detached)).toBe(true);
  });
});
