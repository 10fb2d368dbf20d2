import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fixture, serve } from '../support/command.ts';
import { listen, type RawConnection, rawConnection } from '../support/serving.ts';

test('connections above the limit are closed, and taken again when others have left', async () => {
  const { url } = await listen('http-lab', { maxConnections: 2 });
  const [first] = [await rawConnection(url), await rawConnection(url)];
  const third = await rawConnection(url);
  third.send('GET /globals HTTP/1.1\r\nHost: a\r\n\r\n');
  expect((await third.end()).text).toBe('');
  first.socket.destroy();
  await once(first.socket, 'close');
  for (;;) {
    const next = await rawConnection(url);
    next.send('GET /globals HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    if (/ 200 OK/.test((await next.end()).text)) break;
  }
});

describe('a client that asks for a tunnel', () => {
  const CONNECT = 'CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n';

  test('and resets its connection harms nobody else', async () => {
    // A process of its own, as it would end.
    const { url } = await serve(fixture('http-lab'), ['--store', 'memory:']);
    const resets = Array.from({ length: 20 }, async () => {
      const { socket, send } = await rawConnection(url);
      socket.once('data', () => socket.resetAndDestroy());
      send(CONNECT);
      await once(socket, 'close');
    });
    await Promise.all(resets);
    expect((await fetch(`${url}/globals`)).status).toBe(200);
  });

  test('behind a request under way gets nothing that looks like the answer to that', async () => {
    const { url } = await listen('http-lab');
    const connection = await rawConnection(url);
    connection.send(`GET /sleep?ms=300 HTTP/1.1\r\nHost: a\r\n\r\n${CONNECT}`);
    expect((await connection.end()).text).toBe('');
  });

  test('and never closes is let go', async () => {
    const { url } = await listen('http-lab', { maxConnections: 1 });
    const silent = connect({ host: '127.0.0.1', port: Number(new URL(url).port), allowHalfOpen: true });
    onTestFinished(() => void silent.destroy());
    silent.write(CONNECT);
    expect(String(await once(silent, 'data'))).toMatch(/^HTTP\/1.1 405 /);
    for (;;) {
      const next = await rawConnection(url);
      next.send('GET /globals HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      if (/ 200 OK/.test((await next.end()).text)) break;
    }
  });
});

describe('a close', () => {
  test('lets a slow reader have the rest of a finished answer, and refuses new connections', async () => {
    const { url, server } = await listen('http-lab');
    const slow = await rawConnection(url);
    slow.socket.pause();
    slow.send('GET /body-first?bytes=20000000 HTTP/1.1\r\nHost: a\r\n\r\n');
    // Another connection: the answer above is finished by then, and mostly still here.
    const idle = await rawConnection(url);
    idle.send('GET /globals HTTP/1.1\r\nHost: a\r\n\r\n');
    await idle.receive(/ 200 OK/);
    const closed = server.close(15_000);
    await idle.end();
    const refused = connect(Number(new URL(url).port), '127.0.0.1');
    expect(await once(refused, 'error')).toMatchObject([{ code: 'ECONNREFUSED' }]);
    slow.socket.resume();
    expect((await slow.end()).text.length).toBeGreaterThan(20_000_000);
    await closed;
  });

  test('cuts what is not over in time', async () => {
    const { url, server } = await listen('http-lab');
    const slow = await rawConnection(url);
    slow.send('GET /sleep?ms=60000 HTTP/1.1\r\nHost: a\r\n\r\n');
    const half = await rawConnection(url);
    half.send('GET /stream?n=2&ms=60000 HTTP/1.1\r\nHost: a\r\n\r\n');
    await half.receive(/x{10}/);
    await server.close(200);
    expect((await slow.end()).text).toMatch(/^(HTTP\/1.1 502 [\s\S]*)?$/);
    expect((await half.end()).text).not.toMatch(/\r\n0\r\n\r\n$/);
  });

  test('answers what still comes on open connections with 503', async () => {
    const { url, server } = await listen('http-lab');
    const connection = await rawConnection(url);
    connection.send('GET /sleep?ms=300 HTTP/1.1\r\nHost: a\r\n\r\nGET /globals HTTP/1.1\r\nHost: a\r\n\r\n');
    await new Promise((resolve) => setImmediate(resolve));
    const other = await rawConnection(url);
    other.send('GET /sleep?ms=300 HTTP/1.1\r\nHost: a\r\n\r\n');
    await new Promise((resolve) => setTimeout(resolve, 50));
    const closed = server.close();
    other.send('GET /globals HTTP/1.1\r\nHost: a\r\n\r\n');
    expect((await connection.end()).text.match(/ 200 OK/g)).toHaveLength(2);
    expect((await other.end()).text).toMatch(/ 200 OK[\s\S]* 503 Service Unavailable/);
    await closed;
  });

  test('is told with the last answer of each connection, and with no other', async () => {
    const { url, server } = await listen('http-lab');
    const sleep = 'GET /sleep?ms=300 HTTP/1.1\r\nHost: a\r\n\r\n';
    const [one, two, upload] = [await rawConnection(url), await rawConnection(url), await rawConnection(url)];
    one.send(sleep);
    two.send(sleep + sleep);
    upload.send('POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\npi');
    const after = await rawConnection(url);
    after.send('GET /globals HTTP/1.1\r\nHost: a\r\n\r\n');
    await after.receive(/ 200 OK/);
    const closed = server.close();
    upload.send('ng');
    const told = async (connection: RawConnection): Promise<string[] | null> =>
      (await connection.end()).text.match(/HTTP\/1.1 \d+|connection: [\w-]+/gi);
    expect(await told(one)).toEqual(['HTTP/1.1 200', 'Connection: close']);
    expect(await told(two)).toEqual([
      'HTTP/1.1 200',
      'Connection: keep-alive',
      'HTTP/1.1 200',
      'Connection: close',
    ]);
    expect(await told(upload)).toEqual(['HTTP/1.1 503', 'Connection: close']);
    await closed;
  });
});
