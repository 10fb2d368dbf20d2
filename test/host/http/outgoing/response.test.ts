import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { OutgoingBody } from '../../../../host/http/outgoing-body.ts';
import { openOutgoing } from '../../../../host/index.ts';
import { httpServer, tcpServer } from '../../../support/servers.ts';
import { rejection } from '../../streams.ts';
import { play, read, received, write } from './guest.ts';

const outgoing = openOutgoing({ loopback: true });
afterAll(() => outgoing.close());
const { start, fetch } = play(outgoing);

describe('a response', () => {
  test('streams 10 MB', async () => {
    const content = randomBytes(10_000_000);
    const server = await httpServer((_request, response) => response.end(content));
    expect((await fetch(server.url)).body.equals(content)).toBe(true);
  });

  test('is not read faster than the guest reads', async () => {
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
    const response = await received(future);
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

  test('arrives after 1xx', async () => {
    const server = await httpServer((_request, response) => {
      response.writeProcessing();
      response.writeEarlyHints({ link: '</style.css>; rel=preload' });
      setTimeout(() => response.end('final'), 50);
    });
    expect(await fetch(server.url)).toMatchObject({ status: 200, body: Buffer.from('final') });
  });

  test('is neither decoded nor redirected', async () => {
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

  test('can arrive before the request is complete', async () => {
    const server = await httpServer((request, response) => {
      request.pause();
      response.writeHead(413).end('too large');
    });
    const { body, future } = start(server.url, { method: { tag: 'post' } });
    const stream = body.write();
    const written = stream.blockingWriteAndFlush(new Uint8Array(20_000_000));
    const response = await received(future);
    expect(await read(response)).toMatchObject({ status: 413, body: Buffer.from('too large') });
    expect(await rejection(written)).toEqual({ tag: 'closed' });
    stream[Symbol.dispose]();
    OutgoingBody.finish(body, undefined);
  });
});
