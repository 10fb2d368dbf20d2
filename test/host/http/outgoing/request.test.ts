import { createHash, randomBytes } from 'node:crypto';
import { afterAll, describe, expect, test } from 'vitest';
import { Fields } from '../../../../host/http/fields.ts';
import { OutgoingRequest } from '../../../../host/http/outgoing-request.ts';
import { createHost, Guest, openOutgoing } from '../../../../host/index.ts';
import { httpServer, tcpServer } from '../../../support/servers.ts';
import { bytes, testSink, thrown } from '../../streams.ts';
import { play, requestFor, responseOf, write } from './guest.ts';

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

  test('streams a body of 5 MB no faster than it is read', async () => {
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

  test('keeps the Content-Length of the guest', async () => {
    const server = await httpServer(async (request, response) => {
      const chunks = await request.toArray();
      response.end(`${request.headers['content-length']} ${Buffer.concat(chunks)}`);
    });
    const call = { method: { tag: 'put' }, body: 'abc', headers: [['Content-Length', '3']] } as const;
    expect((await fetch(server.url, call)).body.toString()).toBe('3 abc');
    const twice = { ...call, headers: [...call.headers, ...call.headers] };
    expect((await fetch(server.url, twice)).body.toString()).toBe('3 abc');
    const short = start(server.url, { ...call, headers: [['content-length', '4']] });
    expect(await write(short.body, 'abc').catch((error: unknown) => error)).toEqual({
      tag: 'HTTP-request-body-size',
      val: 3n,
    });
    expect(await responseOf(short.future)).toEqual({ tag: 'HTTP-protocol-error' });
  });

  test('with a Content-Length but no body is refused', async () => {
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

  test('of a guest that expects 100 (Continue) is sent at once', async () => {
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

describe('an invalid request', () => {
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

  test('cannot be smuggled: fields, methods and paths contain no line breaks', () => {
    for (const value of ['a\r\nb: c', 'a\nb', 'a\rb', 'a\0b']) {
      expect(thrown(() => Fields.fromList([['x', bytes(value)]]))).toEqual({ tag: 'invalid-syntax' });
      expect(thrown(() => Fields.fromList([[value, bytes('x')]]))).toEqual({ tag: 'invalid-syntax' });
      const request = new OutgoingRequest(new Fields());
      expect(thrown(() => request.setMethod({ tag: 'other', val: value }))).toBeUndefined();
      expect(thrown(() => request.setPathWithQuery(`/${value}`))).toBeUndefined();
    }
  });
});

/** Whether a wait ends within 200 ms. */
async function settlesSoon(wait: void | Promise<void>): Promise<boolean> {
  const late = new Promise<false>((resolve) => setTimeout(() => resolve(false), 200));
  return Promise.race([Promise.resolve(wait).then(() => true), late]);
}
