import { afterAll, describe, expect, test } from 'vitest';
import { openOutgoing } from '../../../../host/index.ts';
import { httpServer, tcpServer } from '../../../support/servers.ts';
import { text } from '../../streams.ts';
import { play, responseOf, write } from './guest.ts';

const outgoing = openOutgoing({ loopback: true });
afterAll(() => outgoing.close());
const { fetch } = play(outgoing);

describe('connections', () => {
  test('are kept for the next request', async () => {
    const server = await httpServer((_request, response) => response.end('ok'));
    for (let i = 0; i < 5; i += 1) expect((await fetch(server.url)).status).toBe(200);
    expect(server.accepted).toBe(1);
  });

  test('that the server closed meanwhile fail no request', async () => {
    // Each connection serves one request and is closed when the next one arrives, as by a server that restarts.
    const server = await tcpServer((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
        socket.once('data', () => socket.destroy());
      });
    });
    for (let i = 0; i < 3; i += 1) expect((await fetch(server.url)).body.toString()).toBe('ok');
    expect(server.accepted).toBe(3);
  });

  test.each([
    [{ tag: 'post' }, ''],
    [{ tag: 'put' }, 'body'],
  ] as const)(
    'that the server closed meanwhile are not used twice for %o with the body %j',
    async (method, body) => {
      let requests = 0;
      const server = await tcpServer((socket) => {
        socket.on('data', () => {
          requests += 1;
          if (requests > 1) socket.destroy();
          else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
        });
      });
      await fetch(server.url);
      expect((await fetch(server.url, { method, body })).error).toEqual({ tag: 'connection-terminated' });
      expect(server.accepted).toBe(1);
    },
  );

  test('carry requests concurrently', async () => {
    const waiting: (() => void)[] = [];
    const server = await httpServer((request, response) => {
      waiting.push(() => response.end(request.url));
      if (waiting.length === 20) for (const answer of waiting) answer();
    });
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => fetch(`${server.url}/${i}`)));
    expect(answers.map(({ body }) => text(body))).toEqual(answers.map((_, i) => `/${i}`));
  });

  test('are closed with the sender, including requests in progress', async () => {
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
