import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import { call, listen, rawConnection, share } from '../support/serving.ts';

const lab = share('http-lab');
const NEXT = 'GET /body-first?bytes=7 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

describe('a body', () => {
  test.each(['/echo?raw=1', '/echo?raw=1&splice=1'])(
    'of 5 MB is returned byte for byte by %s',
    async (path) => {
      const bytes = randomBytes(5_000_000);
      const { body } = await call(lab.url + path, { method: 'POST' }, (request) => request.end(bytes));
      expect((await body()).equals(bytes)).toBe(true);
    },
  );

  test('of unknown length is returned while it is sent', async () => {
    const bytes = randomBytes(100_000);
    const answer = await call(`${lab.url}/echo?raw=1`, { method: 'POST' }, async (request) => {
      for (let i = 0; i < 40; i++) if (!request.write(bytes)) await once(request, 'drain');
      request.end();
    });
    expect((await answer.body()).equals(Buffer.concat(Array<Buffer>(40).fill(bytes)))).toBe(true);
  });

  test('gets a response while it is still being sent', async () => {
    const connection = await rawConnection(lab.url);
    connection.send(
      'POST /echo?raw=1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nping\r\n',
    );
    await connection.receive(/\r\n4\r\nping\r\n$/);
    connection.send('4\r\npong\r\n0\r\n\r\n');
    await connection.receive(/\r\n4\r\npong\r\n0\r\n\r\n$/);
  });

  test.each([
    ['with', 'X-Sum: 42\r\n', 'x-sum: 42'],
    ['without', '', 'none'],
  ])('of chunks %s trailers', async (_, trailers, told) => {
    const connection = await rawConnection(lab.url);
    connection.send(
      `POST /request-trailers HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n${trailers}\r\n`,
    );
    expect((await connection.end()).text.toLowerCase()).toContain(told);
  });

  test('makes its sender wait for a guest that reads slowly', async () => {
    const { socket, send } = await rawConnection(lab.url);
    send('POST /read-slow?ms=60000 HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n');
    let sent = 0;
    const piece = Buffer.alloc(100_000);
    // The kernel buffers some megabytes; the rest stays with the sender.
    while (sent < 10_000_000) {
      sent += piece.length;
      if (socket.write(piece)) continue;
      const drained = await Promise.race([
        once(socket, 'drain').then(() => true),
        new Promise((resolve) => setTimeout(resolve, 500, false)),
      ]);
      if (drained === false) break;
    }
    expect(sent).toBeLessThan(9_000_000);
  });

  test('that breaks off wakes the guest that waits for it', async () => {
    const { url } = await listen('http-lab', { liveLimit: 1 });
    const connection = await rawConnection(url);
    connection.send(
      'POST /echo?raw=1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nping\r\n',
    );
    await connection.receive(/ping/);
    connection.socket.destroy();
    expect(await (await fetch(`${url}/globals`)).text()).toBe('1');
  });
});

describe('a body that the guest does not read completely', () => {
  test.each(['/body-first?bytes=3', '/error', '/sleep?ms=300'])(
    'leaves the connection usable after %s',
    async (path) => {
      const connection = await rawConnection(lab.url);
      connection.send(`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n`);
      connection.send(Buffer.alloc(3_000_000));
      connection.send(NEXT);
      expect((await connection.end()).text).toMatch(/\r\n\r\nx{7}$/);
    },
  );

  test('leaves the connection usable after its guest trapped', async () => {
    const { url } = await listen('misbehave');
    const connection = await rawConnection(url);
    connection.send('POST /trap HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n');
    await connection.receive(/ 500 Internal Server Error/);
    connection.send('1\r\nb\r\n0\r\n\r\nGET /ok HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect((await connection.end()).text).toMatch(/ 200 OK/);
  });

  test('is not read forever', async () => {
    const { url } = await listen('http-lab', { maxBody: 100_000 });
    const connection = await rawConnection(url);
    connection.send('POST /body-first?bytes=3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
    await connection.receive(/\r\n\r\nxxx/);
    const chunk = `8000\r\n${'a'.repeat(0x8000)}\r\n`;
    const flood = setInterval(() => connection.send(chunk), 1);
    await connection.end();
    clearInterval(flood);
  });
});

describe('a body above the limit', () => {
  const small = share('http-lab', { maxBody: 200_000 });

  test('by its length is refused before it is sent', async () => {
    const connection = await rawConnection(small.url);
    connection.send('POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 200001\r\n\r\n');
    expect(await connection.receive(/Payload Too Large\n/)).toMatch(/^HTTP\/1.1 413 /);
    expect((await connection.end()).reset).toBe(false);
  });

  test('by its chunks is refused as soon as it exceeds the limit', async () => {
    const connection = await rawConnection(small.url);
    connection.send('POST /read-slow?ms=1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
    for (let i = 0; i < 4; i++) connection.send(`10000\r\n${'a'.repeat(0x10000)}\r\n`);
    expect(await connection.receive(/Payload Too Large\n/)).toMatch(/^HTTP\/1.1 413 /);
  });

  test('gets its response even when the client sends all of it first', async () => {
    const connection = await rawConnection(small.url);
    connection.send('POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n');
    connection.send(Buffer.alloc(9_000_000));
    const { text, reset } = await connection.end();
    expect(text).toMatch(/^HTTP\/1.1 413 [\s\S]*Payload Too Large\n$/);
    expect(reset).toBe(false);
  });

  test('and one of exactly that size is served', async () => {
    const bytes = Buffer.alloc(200_000, 'a');
    const response = await fetch(`${small.url}/echo?raw=1`, { method: 'POST', body: bytes });
    expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
  });

  test('is not requested with 100 Continue', async () => {
    const connection = await rawConnection(small.url);
    connection.send(
      'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 200001\r\nExpect: 100-continue\r\n\r\n',
    );
    expect(await connection.receive(/Payload Too Large\n/)).toMatch(/^HTTP\/1.1 413 /);
  });
});

test('a client that expects something else is refused, and cannot send a body without an end', async () => {
  const connection = await rawConnection(lab.url);
  connection.send('POST /echo HTTP/1.1\r\nHost: a\r\nExpect: more\r\nContent-Length: 99999999999\r\n\r\nx');
  const drip = setInterval(() => connection.send('x'), 100);
  onTestFinished(() => clearInterval(drip));
  expect((await connection.end()).text).toMatch(/^HTTP\/1.1 417 [\s\S]*\r\nconnection: close\r\n/i);
  const other = await rawConnection(lab.url);
  other.send(
    'GET /globals HTTP/1.1\r\nHost: a\r\nExpect: more\r\n\r\nGET /globals HTTP/1.1\r\nHost: a\r\n\r\n',
  );
  await other.receive(/^HTTP\/1.1 417 [\s\S]*HTTP\/1.1 200 /);
});

test('a client that expects 100 Continue gets it', async () => {
  const connection = await rawConnection(lab.url);
  connection.send(
    'POST /echo?raw=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nConnection: close\r\nExpect: 100-continue\r\n\r\n',
  );
  expect(await connection.receive(/^HTTP\/1.1 100 Continue\r\n\r\n/)).not.toContain('200 OK');
  connection.send('ping');
  expect((await connection.end()).text).toMatch(/200 OK[\s\S]*ping/);
});

test('a small body that arrives slowly occupies no guest meanwhile', async () => {
  const { url } = await listen('http-lab', { liveLimit: 1 });
  const slow = await rawConnection(url);
  slow.send('POST /echo?raw=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nConnection: close\r\n\r\npi');
  expect((await fetch(`${url}/globals`)).status).toBe(200);
  slow.send('ng');
  expect((await slow.end()).text).toMatch(/ping/);
});
