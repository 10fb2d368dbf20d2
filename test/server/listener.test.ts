import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createMonitor } from '../../src/server/admin/monitor.ts';
import { openListener } from '../../src/server/listener.ts';
import type { NodeHandler } from '../../src/server/node-adapter.ts';
import { fixture, serve } from '../support/command.ts';
import { rawGlue } from '../support/raw-glue.ts';
import { listen, type RawConnection, rawConnection, receivedRequest } from '../support/serving.ts';

/** Connects until a connection is served. */
async function untilAccepted(url: string): Promise<void> {
  for (;;) {
    const next = await rawConnection(url);
    next.send('GET /globals HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    if (/ 200 OK/.test((await next.end()).text)) return;
  }
}

describe('connections above the limit', () => {
  const GET = 'GET /globals HTTP/1.1\r\nHost: a\r\n\r\n';
  const SLEEP = 'GET /stream?n=2&ms=60000&size=1 HTTP/1.1\r\nHost: a\r\n\r\n';

  test('replace the one that has been idle longest', async () => {
    const { url } = await listen('http-lab', { maxConnections: 3 });
    const [busy, used, unused] = [
      await rawConnection(url),
      await rawConnection(url),
      await rawConnection(url),
    ];
    busy.send(SLEEP);
    await busy.receive(/ 200 OK/);
    used.send(GET);
    await used.receive(/ 200 OK/);
    const fourth = await rawConnection(url);
    expect((await unused.end()).text).toBe('');
    fourth.send(GET);
    await fourth.receive(/ 200 OK/);
    const fifth = await rawConnection(url);
    await used.end();
    fifth.send(GET);
    await fifth.receive(/ 200 OK/);
    expect(busy.socket.closed).toBe(false);
  });

  test('are closed when none is idle, and accepted again after others have closed', async () => {
    const { url } = await listen('http-lab', { maxConnections: 2 });
    const [first, second] = [await rawConnection(url), await rawConnection(url)];
    for (const busy of [first, second]) {
      busy.send(SLEEP);
      await busy.receive(/ 200 OK/);
    }
    const third = await rawConnection(url);
    third.send(GET);
    expect((await third.end()).text).toBe('');
    first.socket.destroy();
    await once(first.socket, 'close');
    await untilAccepted(url);
    expect(second.socket.closed).toBe(false);
  });

  test('replace one whose body has been arriving for too long, piece by piece', async () => {
    const { url } = await listen('http-lab', { maxConnections: 1, bodyTimeout: 1000 });
    const slow = await rawConnection(url);
    slow.send('POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nx');
    const drip = setInterval(() => slow.send('x'), 100);
    onTestFinished(() => clearInterval(drip));
    await untilAccepted(url);
    await slow.end();
  });

  test('replace one whose body arrives for too long after its response', async () => {
    let read = (): number => 0;
    const handler: NodeHandler = ({ socket }, response) => {
      read = () => socket.bytesRead;
      response.end('over');
    };
    const listener = await openListener(
      { handler, continueHandler: handler, expectationHandler: handler },
      [{ host: '127.0.0.1', port: 0 }],
      { maxConnections: 1, bodyTimeout: 1000, keepAlive: 75_000 },
    );
    onTestFinished(() => {
      listener.cut();
      return listener.close();
    });
    const slow = await rawConnection(listener.url);
    slow.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nx');
    await slow.receive(/over/);
    const before = read();
    const drip = setInterval(() => slow.send('x'), 100);
    onTestFinished(() => clearInterval(drip));
    await vi.waitFor(() => expect(read()).toBeGreaterThan(before));
    await untilAccepted(listener.url);
    await slow.end();
  });
});

describe('an idle connection', () => {
  const GET = 'GET /globals HTTP/1.1\r\nHost: a\r\n\r\n';

  test('is kept longer than proxies keep theirs', async () => {
    const { url } = await listen('http-lab');
    const connection = await rawConnection(url);
    connection.send(GET);
    expect(await connection.receive(/\r\n\r\n/)).toMatch(/^keep-alive: timeout=75\r$/im);
  });

  test('is closed after its timeout', async () => {
    const { url } = await listen('http-lab', { keepAlive: 300 });
    const connection = await rawConnection(url);
    connection.send(GET);
    const answered = await connection.receive(/\r\n\r\n/).then(() => performance.now());
    await connection.end();
    // The announced time, and the second that Node adds for requests in flight.
    expect(performance.now() - answered).toBeGreaterThan(1250);
  });
});

describe('a client that sends many requests at once', () => {
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

  test('has a limited number served, and the rest is not read', async () => {
    const monitor = createMonitor();
    const inFlight = async (): Promise<number> =>
      Number(/^wasmcp_node_requests_in_flight (\d+)$/m.exec(await monitor.metrics())![1]);
    const { url } = await listen('http-lab', { monitor, liveLimit: 100 });
    const greedy = await rawConnection(url);
    // More than the system buffers for a socket that is not read.
    greedy.send(get('/sleep?ms=60000').repeat(500_000));
    await vi.waitUntil(async () => (await inFlight()) === 64, 10_000);
    for (let n = 0; n < 50; n++) expect((await fetch(`${url}/globals`)).status).toBe(200);
    expect(await inFlight()).toBe(64);
    expect(greedy.socket.writableLength).toBeGreaterThan(0);
  });

  test('gets a response to each, in order', async () => {
    const { url } = await listen('http-lab');
    const connection = await rawConnection(url);
    // Node gives each head 10 s to arrive, even while the connection is not read: raw glue is too slow for more.
    const codes = Array.from({ length: rawGlue ? 150 : 2500 }, (_, n) => 200 + (n % 90));
    connection.send(codes.map((code) => get(`/status?code=${code}`)).join(''));
    connection.send('GET /globals HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    const { text } = await connection.end();
    const answered = [...text.matchAll(/^HTTP\/1.1 (\d+) /gm)].map(([, code]) => Number(code));
    expect(answered).toEqual([...codes, 200]);
  }, 60_000);
});

describe('a client that sends CONNECT', () => {
  const CONNECT = 'CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n';

  test('and resets its connection does not affect others', async () => {
    // In a process of its own, because the failure would end it.
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

  test('while an earlier request is served gets nothing that looks like the response to that', async () => {
    const { url } = await listen('http-lab');
    const connection = await rawConnection(url);
    connection.send(`GET /sleep?ms=300 HTTP/1.1\r\nHost: a\r\n\r\n${CONNECT}`);
    expect((await connection.end()).text).toBe('');
  });

  test('and never closes is disconnected', async () => {
    const { url } = await listen('http-lab', { maxConnections: 1 });
    const silent = connect({ host: '127.0.0.1', port: Number(new URL(url).port), allowHalfOpen: true });
    onTestFinished(() => void silent.destroy());
    silent.write(CONNECT);
    expect(String(await once(silent, 'data'))).toMatch(/^HTTP\/1.1 405 /);
    await untilAccepted(url);
  });
});

describe('a close', () => {
  test('sends a slow reader the rest of a finished response, and refuses new connections', async () => {
    const { url, server } = await listen('http-lab');
    const slow = await rawConnection(url);
    slow.socket.pause();
    slow.send('GET /body-first?bytes=20000000 HTTP/1.1\r\nHost: a\r\n\r\n');
    // Another connection: the response above is finished by then, and most of it is still buffered here.
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

  test('cuts connections that do not end in time', async () => {
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

  test('responds with 503 to requests that still arrive on open connections', async () => {
    const { url, server } = await listen('http-lab');
    const connection = await rawConnection(url);
    connection.send('GET /sleep?ms=300 HTTP/1.1\r\nHost: a\r\n\r\nGET /globals HTTP/1.1\r\nHost: a\r\n\r\n');
    const other = await receivedRequest(url, '/sleep?ms=300');
    const closed = server.close();
    other.send('GET /globals HTTP/1.1\r\nHost: a\r\n\r\n');
    expect((await connection.end()).text.match(/ 200 OK/g)).toHaveLength(2);
    expect((await other.end()).text).toMatch(/ 200 OK[\s\S]* 503 Service Unavailable/);
    await closed;
  });

  test('is announced by the last response of each connection, and by no other', async () => {
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
