import { describe, expect, onTestFinished, test } from 'vitest';
import { create, listen, rawConnection, share } from '../support/serving.ts';

const LIMIT = 500;
const lab = share('http-lab', { bodyTimeout: LIMIT, liveLimit: 1 });
const keys = share('kv-draft', { bodyTimeout: LIMIT, liveLimit: 1 });

function post(path: string, ...fields: string[]): string {
  return `${[`POST ${path} HTTP/1.1`, 'Host: a', ...fields].join('\r\n')}\r\n\r\n`;
}

const CHUNKED = 'Transfer-Encoding: chunked';
const CHUNK = '4\r\nping\r\n';

describe('a body that stalls', () => {
  test.each([
    ['that is short', 'Content-Length: 10', 'pin'],
    ['of which nothing arrives', 'Content-Length: 10', ''],
    ['that a guest reads as it arrives', CHUNKED, CHUNK],
    ['that is long', 'Content-Length: 100000', 'pin'],
  ])('gets 408 and ends the connection: one %s', async (_, field, part) => {
    const connection = await rawConnection(keys.url);
    const began = performance.now();
    connection.send(post('/set?key=k', field) + part);
    const { text, reset } = await connection.end();
    expect(text).toMatch(/^HTTP\/1.1 408 Request Timeout\r\n[\s\S]*connection: close/i);
    expect(performance.now() - began).toBeGreaterThan(LIMIT - 2);
    expect(reset).toBe(false);
    // The guest was notified, and its place is free.
    expect(await (await fetch(`${keys.url}/exists?key=k`)).text()).toBe('false');
  });

  test('breaks off for a guest that has started its response, which then ends', async () => {
    const connection = await rawConnection(lab.url);
    connection.send(post('/echo?raw=1', CHUNKED) + CHUNK);
    await connection.receive(/ping/);
    expect((await connection.end()).text).not.toContain('408');
    expect((await fetch(`${lab.url}/globals`)).status).toBe(200);
  });

  test('gets 408 before its message is known', async () => {
    const { url } = await listen('notes-draft', { bodyTimeout: LIMIT, mcp: 'guide' });
    const connection = await rawConnection(url);
    connection.send(`${post('/mcp', CHUNKED)}5\r\n{"id"\r\n`);
    expect((await connection.end()).text).toMatch(/^HTTP\/1.1 408 /);
  });

  test('gets 408 through fetch', async () => {
    const { server } = await create('kv-draft', { bodyTimeout: LIMIT });
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(Buffer.from('x')),
      cancel() {
        cancelled = true;
      },
    });
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit;
    expect((await server.fetch(new Request('http://localhost/set?key=k', init))).status).toBe(408);
    expect(cancelled).toBe(true);
  });
});

describe('a body that makes progress', () => {
  test.each([
    ['collected', 'Content-Length: 12', (byte: string) => byte],
    ['read as it arrives', CHUNKED, (byte: string) => `1\r\n${byte}\r\n`],
  ])('may take longer than the timeout: %s', async (_, field, framed) => {
    const connection = await rawConnection(keys.url);
    connection.send(post('/set?key=slow', field, 'Connection: close'));
    for (let n = 0; n < 12; n++) {
      connection.send(framed('x'));
      await new Promise((resolve) => setTimeout(resolve, LIMIT / 6));
    }
    if (field === CHUNKED) connection.send('0\r\n\r\n');
    expect((await connection.end()).text).toMatch(/^HTTP\/1.1 200 /);
  });

  test('may wait for a guest that does not read it', async () => {
    const connection = await rawConnection(lab.url);
    connection.send(post(`/sleep?ms=${3 * LIMIT}`, 'Content-Length: 3000000'));
    connection.send(Buffer.alloc(3_000_000));
    connection.send('GET /globals HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect((await connection.end()).text.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200']);
  });
});

test('one timeout applies to the whole rest of a body that is discarded', async () => {
  const connection = await rawConnection(lab.url);
  connection.send(post('/body-first?bytes=3', 'Content-Length: 3000000'));
  await connection.receive(/\r\n\r\nxxx/);
  const drip = setInterval(() => connection.send('x'), LIMIT / 10);
  onTestFinished(() => clearInterval(drip));
  // Closed or reset: the client may be sending at that moment.
  await connection.end();
});
