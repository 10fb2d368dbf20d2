import { createHash, randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { Fields } from '../../../../host/http/fields.ts';
import { OutgoingBody } from '../../../../host/http/outgoing-body.ts';
import { OutgoingRequest } from '../../../../host/http/outgoing-request.ts';
import { createHost, Guest, openOutgoing } from '../../../../host/index.ts';
import { bytes, rejection, testSink, text, thrown } from '../../streams.ts';
import { play, read, requestFor, responseOf, write } from './guest.ts';
import { httpServer, tcpServer } from './servers.ts';

const outgoing = openOutgoing({ loopback: true });
afterAll(() => outgoing.close());
const { start, fetch } = play(outgoing);

describe('a request', () => {
  test('arrives as the guest made it', async () => {
    const server = await httpServer((request, response) => {
      const { method, url, rawHeaders } = request;
      response.end(JSON.stringify({ method, url, rawHeaders }));
    });
    const sent = {
      headers: [
        ['X-Thing', 'a'],
        ['x-thing', 'b'],
        ['accept', '*/*'],
      ] as const,
    };
    const answer = await fetch(`${server.url}/path/ünï?q=1&r=%20`, sent);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body.toString())).toEqual({
      method: 'GET',
      url: '/path/%C3%BCn%C3%AF?q=1&r=%20',
      rawHeaders: [
        ...['host', `127.0.0.1:${server.port}`, 'connection', 'keep-alive'],
        ...['X-Thing', 'a', 'x-thing', 'b', 'accept', '*/*'],
      ],
    });
  });

  test.each([
    [{ tag: 'head' }, 'HEAD'],
    [{ tag: 'delete' }, 'DELETE'],
    [{ tag: 'options' }, 'OPTIONS'],
    [{ tag: 'patch' }, 'PATCH'],
    [{ tag: 'other', val: 'PURGE' }, 'PURGE'],
    [{ tag: 'other', val: 'M-SEARCH' }, 'M-SEARCH'],
  ] as const)('has the method %o', async (method, seen) => {
    const server = await httpServer((request, response) => {
      response
        .setHeader('x-method', request.method ?? '')
        .setHeader('content-length', 5)
        .end('hello');
    });
    const answer = await fetch(server.url, { method });
    expect(new Map(answer.headers).get('x-method')).toBe(seen);
    expect(answer.body.toString()).toBe(seen === 'HEAD' ? '' : 'hello');
  });

  test('keeps bytes of fields that are not ASCII, both ways', async () => {
    const server = await httpServer((request, response) => {
      response.setHeader('x-back', request.headers['x-there'] ?? '').end();
    });
    const answer = await fetch(server.url, { headers: [['x-there', 'grün']] });
    expect(answer.headers).toContainEqual(['x-back', 'grün']);
  });

  test('streams a body of 5 MB, no faster than it is taken', async () => {
    const content = randomBytes(5_000_000);
    const server = await httpServer(async (request, response) => {
      const hash = createHash('sha256');
      for await (const chunk of request) hash.update(chunk);
      response.end(`${request.headers['transfer-encoding']} ${hash.digest('hex')}`);
    });
    const answer = await fetch(server.url, { method: { tag: 'post' }, body: content });
    expect(answer.body.toString()).toBe(`chunked ${createHash('sha256').update(content).digest('hex')}`);
  });

  test('waits for a server that does not read', async () => {
    const server = await tcpServer((socket) => socket.pause());
    const { body, future } = start(server.url, { method: { tag: 'post' } });
    const stream = body.write();
    let written = 0;
    while (stream.checkWrite() > 0n || (await settlesSoon(stream.subscribe().block()))) {
      const chunk = new Uint8Array(Number(stream.checkWrite()));
      stream.write(chunk);
      written += chunk.length;
    }
    expect(written).toBeLessThan(16_000_000);
    future[Symbol.dispose]();
    expect(thrown(() => stream.checkWrite())).toMatchObject({ tag: 'last-operation-failed' });
  });

  test('keeps the length that the guest announces', async () => {
    const server = await httpServer(async (request, response) => {
      const chunks = await request.toArray();
      response.end(`${request.headers['content-length']} ${Buffer.concat(chunks)}`);
    });
    const call = { method: { tag: 'put' }, body: 'abc', headers: [['Content-Length', '3']] } as const;
    expect((await fetch(server.url, call)).body.toString()).toBe('3 abc');
    const short = start(server.url, { ...call, headers: [['content-length', '4']] });
    expect(await write(short.body, 'abc').catch((error: unknown) => error)).toEqual({
      tag: 'HTTP-request-body-size',
      val: 3n,
    });
    expect(await responseOf(short.future)).toEqual({ tag: 'HTTP-protocol-error' });
  });

  test('with an announced length but no body is refused', async () => {
    const io = { stdout: testSink(), stderr: testSink() };
    const handler = createHost({ outgoing }).bind(new Guest(), io)('wasi:http/outgoing-handler@0.2.0') as {
      handle(request: OutgoingRequest, options: undefined): unknown;
    };
    const request = requestFor('http://127.0.0.1:1/', { headers: [['content-length', '4']] });
    expect(thrown(() => handler.handle(request, undefined))).toMatchObject({ tag: 'HTTP-request-body-size' });
  });

  test('without trailers, which undici cannot send, is complete', async () => {
    const server = await httpServer(async (request, response) => {
      const body = Buffer.concat(await request.toArray());
      response.end(`${body} ${JSON.stringify(request.trailers)} ${request.headers.trailer}`);
    });
    const answer = await fetch(server.url, {
      method: { tag: 'post' },
      headers: [['trailer', 'x-sum']],
      body: 'all',
      trailers: [['x-sum', '1']],
    });
    expect(answer.body.toString()).toBe('all {} undefined');
  });

  test('of a guest that waits for 100 (Continue) is sent at once', async () => {
    const server = await httpServer((request, response) => response.end(`${request.headers.expect}`));
    const call = { method: { tag: 'post' }, headers: [['expect', '100-continue']], body: 'x' } as const;
    expect((await fetch(server.url, call)).body.toString()).toBe('undefined');
  });

  test('uses no proxy of the environment', async () => {
    const proxy = await tcpServer((socket) => socket.destroy());
    const server = await httpServer((_request, response) => response.end('direct'));
    const names = ['http_proxy', 'HTTP_PROXY', 'ALL_PROXY', 'NODE_USE_ENV_PROXY'];
    for (const name of names) process.env[name] = name.startsWith('NODE') ? '1' : proxy.url;
    try {
      expect((await fetch(server.url)).body.toString()).toBe('direct');
      expect(proxy.accepted).toBe(0);
    } finally {
      for (const name of names) delete process.env[name];
    }
  });
});

describe('a response', () => {
  test('streams 10 MB', async () => {
    const content = randomBytes(10_000_000);
    const server = await httpServer((_request, response) => response.end(content));
    expect((await fetch(server.url)).body.equals(content)).toBe(true);
  });

  test('is not read further than the guest reads', async () => {
    let sent = 0;
    const server = await tcpServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      const chunk = Buffer.alloc(65_536);
      const fill = (): void => {
        while (socket.write(chunk)) sent += chunk.length;
      };
      socket.on('drain', fill);
      fill();
    });
    const { body, future } = start(server.url);
    await write(body);
    const response = await responseOf(future);
    if (!('status' in response)) throw new TypeError(response.tag);
    let before = -1;
    while (before !== sent) {
      before = sent;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(sent).toBeLessThan(16_000_000);
    const answer = await read(response, 1_000_000);
    expect(answer.body.length).toBeGreaterThanOrEqual(1_000_000);
    await server.idle();
  });

  test('keeps repeated fields, hides those of the connection', async () => {
    const server = await httpServer((_request, response) => {
      response.writeHead(201, [
        ...['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'X-One', '1', 'x-one', '2'],
        ...['Keep-Alive', 'timeout=5', 'content-length', '0'],
      ]);
      response.end();
    });
    const answer = await fetch(server.url);
    expect(answer.headers.filter(([name]) => name.toLowerCase() !== 'date')).toEqual([
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
      ['X-One', '1'],
      ['x-one', '2'],
      ['content-length', '0'],
    ]);
  });

  test('keeps its trailers', async () => {
    const server = await httpServer((_request, response) => {
      response.writeHead(200, { trailer: 'x-sum' });
      response.write('part');
      response.addTrailers([
        ['x-sum', '1'],
        ['x-sum', '2'],
      ]);
      response.end();
    });
    const answer = await fetch(server.url);
    expect(answer.body.toString()).toBe('part');
    expect(answer.trailers).toEqual([
      ['x-sum', '1'],
      ['x-sum', '2'],
    ]);
  });

  test('comes after 1xx', async () => {
    const server = await httpServer((_request, response) => {
      response.writeProcessing();
      response.writeEarlyHints({ link: '</style.css>; rel=preload' });
      response.end('final');
    });
    expect(await fetch(server.url)).toMatchObject({ status: 200, body: Buffer.from('final') });
  });

  test('is not decoded and not followed', async () => {
    const packed = gzipSync('x'.repeat(1000));
    const server = await httpServer((request, response) => {
      if (request.url === '/moved') response.writeHead(302, { location: '/' }).end('there');
      else response.setHeader('content-encoding', 'gzip').end(packed);
    });
    const gzip = await fetch(server.url, { headers: [['accept-encoding', 'gzip']] });
    expect(gzip.headers).toContainEqual(['content-encoding', 'gzip']);
    expect(gzip.body.equals(packed)).toBe(true);
    expect(await fetch(`${server.url}/moved`)).toMatchObject({ status: 302, body: Buffer.from('there') });
  });

  test('may come before the request is complete', async () => {
    const server = await httpServer((request, response) => {
      request.pause();
      response.writeHead(413).end('too large');
    });
    const { body, future } = start(server.url, { method: { tag: 'post' } });
    const stream = body.write();
    const written = stream.blockingWriteAndFlush(new Uint8Array(20_000_000));
    const response = await responseOf(future);
    if (!('status' in response)) throw new TypeError(response.tag);
    expect(await read(response)).toMatchObject({ status: 413, body: Buffer.from('too large') });
    expect(await rejection(written)).toEqual({ tag: 'closed' });
    stream[Symbol.dispose]();
    OutgoingBody.finish(body, undefined);
  });
});

describe('a failure', () => {
  async function failure(speak: (socket: Socket) => void): Promise<unknown> {
    const server = await tcpServer((socket) => socket.once('data', () => speak(socket)));
    const { error, body } = await fetch(server.url);
    return [error, body.toString()];
  }

  test('to connect', async () => {
    expect((await fetch('http://127.0.0.1:1/')).error).toEqual({ tag: 'connection-refused' });
  });

  test('to find the host', async () => {
    const { error } = await fetch('http://does-not-exist.invalid/');
    expect(error).toMatchObject({ tag: 'DNS-error', val: { rcode: expect.stringMatching(/^E/) } });
  });

  test('before the head', async () => {
    expect(await failure((socket) => socket.resetAndDestroy())).toEqual([
      { tag: 'connection-terminated' },
      '',
    ]);
    expect(await failure((socket) => socket.end())).toEqual([{ tag: 'connection-terminated' }, '']);
  });

  test('within the body', async () => {
    const head = 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf';
    const reset = await failure((socket) =>
      socket.write(head, () => setTimeout(() => socket.resetAndDestroy(), 50)),
    );
    expect(reset).toEqual([{ tag: 'connection-terminated' }, 'half']);
    const closed = await failure((socket) =>
      socket.end(`${head.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n')}`),
    );
    expect(closed).toEqual([{ tag: 'HTTP-response-incomplete' }, 'half']);
    const chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n4\r\nhalf\r\n';
    expect(await failure((socket) => socket.end(chunked))).toEqual([
      { tag: 'HTTP-response-incomplete' },
      'half',
    ]);
    expect(await failure((socket) => socket.end(`${chunked}zz\r\n`))).toEqual([
      { tag: 'HTTP-protocol-error' },
      'half',
    ]);
  });

  test.each([
    ['SSH-2.0-OpenSSH_9.6\r\n', { tag: 'HTTP-protocol-error' }],
    ['HTTP/1.1 200 OK\r\nbad name: x\r\n\r\n', { tag: 'HTTP-protocol-error' }],
    ['HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n', { tag: 'HTTP-upgrade-failed' }],
    [`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(70_000)}\r\n\r\n`, { tag: 'HTTP-response-header-section-size' }],
    [
      'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
      { tag: 'HTTP-response-incomplete' },
    ],
  ])('of a peer that says %j', async (said, error) => {
    expect(await failure((socket) => socket.end(said))).toMatchObject([error, '']);
  });

  test('of an upload is told to whoever writes', async () => {
    const server = await tcpServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
    const { body, future } = start(server.url, { method: { tag: 'post' } });
    const stream = body.write();
    expect(await rejection(stream.blockingWriteAndFlush(new Uint8Array(20_000_000)))).toMatchObject({
      tag: 'last-operation-failed',
    });
    expect(await responseOf(future)).toEqual({ tag: 'connection-terminated' });
  });

  test('of the guest to finish its body ends the request', async () => {
    const server = await tcpServer(() => {});
    const { body, future } = start(server.url, { method: { tag: 'post' } });
    const stream = body.write();
    await stream.blockingWriteAndFlush(bytes('half'));
    stream[Symbol.dispose]();
    body[Symbol.dispose]();
    expect(await responseOf(future)).toEqual({ tag: 'HTTP-protocol-error' });
    await server.idle();
  });
});

describe('a request that is none', () => {
  test.each([
    ['', undefined],
    ['no authority', undefined],
    ['a.example/path', undefined],
    ['user@a.example', undefined],
    ['user:pass@127.0.0.1', undefined],
    ['a.example#b', undefined],
    ['a.example\\b', undefined],
    ['a.example:99999', 'URI'],
    ['1.2.3.4.5', 'URI'],
    ['256.256.256.256', 'URI'],
    ['a%00b', 'URI'],
    ['a%2Fb', 'URI'],
    ['a%40b', 'URI'],
  ])('is refused: the authority %j', async (authority, when) => {
    const request = new OutgoingRequest(new Fields());
    if (when === undefined) {
      expect(thrown(() => request.setAuthority(authority))).toBeUndefined();
    } else {
      expect((await fetch(`http://${authority}/`)).error).toEqual({ tag: 'HTTP-request-URI-invalid' });
    }
  });

  test('is refused: no authority, another scheme, CONNECT, a server-wide path', async () => {
    const io = { stdout: testSink(), stderr: testSink() };
    const handler = createHost({ outgoing }).bind(new Guest(), io)('wasi:http/outgoing-handler@0.2.0') as {
      handle(request: OutgoingRequest, options: undefined): unknown;
    };
    const refusal = (change: (request: OutgoingRequest) => void): unknown => {
      const request = requestFor('http://127.0.0.1:1/');
      change(request);
      return thrown(() => handler.handle(request, undefined));
    };
    expect(refusal((it) => it.setAuthority(undefined))).toEqual({ tag: 'HTTP-request-URI-invalid' });
    expect(refusal((it) => it.setScheme({ tag: 'other', val: 'ftp' }))).toEqual({
      tag: 'HTTP-protocol-error',
    });
    expect(refusal((it) => it.setMethod({ tag: 'connect' }))).toEqual({ tag: 'HTTP-request-method-invalid' });
    expect(refusal((it) => it.setPathWithQuery('*'))).toEqual({ tag: 'HTTP-request-URI-invalid' });
  });

  test('cannot be smuggled: line breaks are in no field, method or path', () => {
    for (const value of ['a\r\nb: c', 'a\nb', 'a\rb', 'a\0b']) {
      expect(thrown(() => Fields.fromList([['x', bytes(value)]]))).toEqual({ tag: 'invalid-syntax' });
      expect(thrown(() => Fields.fromList([[value, bytes('x')]]))).toEqual({ tag: 'invalid-syntax' });
      const request = new OutgoingRequest(new Fields());
      expect(thrown(() => request.setMethod({ tag: 'other', val: value }))).toBeUndefined();
      expect(thrown(() => request.setPathWithQuery(`/${value}`))).toBeUndefined();
    }
  });
});

describe('connections', () => {
  test('are kept for the next request', async () => {
    const server = await httpServer((_request, response) => response.end('ok'));
    for (let i = 0; i < 5; i += 1) expect((await fetch(server.url)).status).toBe(200);
    expect(server.accepted).toBe(1);
  });

  test('that the server closed meanwhile cost no request', async () => {
    // Each connection serves one request and is closed when the next one arrives, as a server that restarts does.
    const server = await tcpServer((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
        socket.once('data', () => socket.destroy());
      });
    });
    for (let i = 0; i < 3; i += 1) expect((await fetch(server.url)).body.toString()).toBe('ok');
    expect(server.accepted).toBe(3);
    const post = await fetch(server.url, { method: { tag: 'post' }, body: 'once' });
    expect(post.error).toEqual({ tag: 'connection-terminated' });
  });

  test('carry requests side by side', async () => {
    const waiting: (() => void)[] = [];
    const server = await httpServer((request, response) => {
      waiting.push(() => response.end(request.url));
      if (waiting.length === 20) for (const answer of waiting) answer();
    });
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => fetch(`${server.url}/${i}`)));
    expect(answers.map(({ body }) => text(body))).toEqual(answers.map((_, i) => `/${i}`));
  });

  test('are closed with the sender, what is under way included', async () => {
    const mine = openOutgoing({ loopback: true });
    const player = play(mine);
    const server = await httpServer((request, response) => {
      if (request.url === '/') response.end('ok');
    });
    await player.fetch(server.url);
    const { body, future } = player.start(`${server.url}/never`);
    await write(body);
    await mine.close();
    await mine.close();
    expect(await responseOf(future)).toMatchObject({ tag: expect.any(String) });
    await server.idle();
    expect((await player.fetch(server.url)).error).toEqual({ tag: 'HTTP-request-denied' });
  });
});

/** Whether a wait ends within 200 ms. */
async function settlesSoon(wait: void | Promise<void>): Promise<boolean> {
  const late = new Promise<false>((resolve) => setTimeout(() => resolve(false), 200));
  return Promise.race([Promise.resolve(wait).then(() => true), late]);
}
