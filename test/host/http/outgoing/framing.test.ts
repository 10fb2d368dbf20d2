import type { Socket } from 'node:net';
import { afterAll, describe, expect, test } from 'vitest';
import { openOutgoing } from '../../../../host/index.ts';
import { tcpServer } from '../../../support/servers.ts';
import { play, read, received } from './guest.ts';

const outgoing = openOutgoing({ loopback: true });
afterAll(() => outgoing.close());
const { start, fetch } = play(outgoing);

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const CHUNKS = '2\r\nok\r\n0\r\n\r\n';
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const HINTS = 'HTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\n';

/** What a server sends, and what the guest gets: status, body, and the error if there is one. */
interface Case {
  readonly says: string;
  readonly gets: readonly [status: number | undefined, body: string, error?: string];
  readonly method?: 'get' | 'head' | 'post';
  /** Whether the server keeps the connection open. */
  readonly open?: true;
}

const CASES: Readonly<Record<string, Case>> = {
  '304 with the length of what was not sent': {
    says: 'HTTP/1.1 304 Not Modified\r\ncontent-length: 100\r\netag: "x"\r\n\r\n',
    gets: [304, ''],
    open: true,
  },
  '204 with a length': {
    says: 'HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n',
    gets: [204, ''],
    open: true,
  },
  '204 with a length and what is no body': {
    says: 'HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\nhello',
    gets: [204, ''],
    open: true,
  },
  '304 with chunks announced': {
    says: 'HTTP/1.1 304 Not Modified\r\ntransfer-encoding: chunked\r\n\r\n',
    gets: [304, ''],
    open: true,
  },
  '304 with both': {
    says: 'HTTP/1.1 304 Not Modified\r\ntransfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n',
    gets: [304, ''],
    open: true,
  },
  '205 without a body': {
    says: 'HTTP/1.1 205 Reset\r\ncontent-length: 0\r\n\r\n',
    gets: [205, ''],
    open: true,
  },
  '100 that nobody asked for': { says: CONTINUE + OK, gets: [200, 'ok'], open: true },
  '100 with fields': {
    says: `HTTP/1.1 100 Continue\r\ncontent-length: 0\r\nx: y\r\n\r\n${OK}`,
    gets: [200, 'ok'],
    open: true,
  },
  '100 again and again, 102 and 103 between': {
    says: `${`${CONTINUE}${HINTS}${CONTINUE}HTTP/1.1 102 Processing\r\n\r\n`.repeat(50)}${OK}`,
    gets: [200, 'ok'],
    open: true,
  },
  '199, which no specification has': { says: `HTTP/1.1 199 x\r\n\r\n${OK}`, gets: [200, 'ok'], open: true },
  'more than 64 KiB of 100': {
    says: CONTINUE.repeat(3000) + OK,
    gets: [undefined, '', 'HTTP-protocol-error'],
  },
  'nothing after 100': { says: CONTINUE, gets: [undefined, '', 'connection-terminated'] },
  '101 that nobody asked for': {
    says: 'HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
    gets: [undefined, '', 'HTTP-upgrade-failed'],
  },
  '101 without saying to what': {
    says: `HTTP/1.1 101 Switching\r\n\r\n${OK}`,
    gets: [undefined, '', 'HTTP-upgrade-failed'],
    open: true,
  },
  'a length beside chunks': {
    says: `HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n${CHUNKS}`,
    gets: [200, 'ok'],
    open: true,
  },
  'chunks beside a length, spelled otherwise': {
    says: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nCONTENT-LENGTH:5\r\nx: y\r\n\r\n${CHUNKS}`,
    gets: [200, 'ok'],
    open: true,
  },
  'chunks beside a length, unfinished': {
    says: 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n',
    gets: [200, 'ok', 'HTTP-response-incomplete'],
  },
  'the same length twice': {
    says: 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nok',
    gets: [200, 'ok'],
    open: true,
  },
  'two lengths': {
    says: 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok',
    gets: [undefined, '', 'HTTP-response-incomplete'],
  },
  'more than the length': { says: `${OK}HTTP/1.1 200 OK\r\n\r\nmore`, gets: [200, 'ok'], open: true },
  'less than the length': {
    says: 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok',
    gets: [200, 'ok', 'connection-terminated'],
  },
  'neither length nor chunks': { says: 'HTTP/1.1 200 OK\r\n\r\nok', gets: [200, 'ok'] },
  'HTTP/1.0 until its end': { says: 'HTTP/1.0 200 OK\r\n\r\nok', gets: [200, 'ok'] },
  'HTTP/1.0 with a length': { says: 'HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok', gets: [200, 'ok'] },
  'no reason': { says: 'HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok', gets: [200, 'ok'], open: true },
  'an empty reason': { says: 'HTTP/1.1 200 \r\ncontent-length: 2\r\n\r\nok', gets: [200, 'ok'], open: true },
  'a length for HEAD': {
    says: 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n',
    gets: [200, ''],
    method: 'head',
    open: true,
  },
  'chunks announced for HEAD': {
    says: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n',
    gets: [200, ''],
    method: 'head',
    open: true,
  },
  'both for HEAD, after 100': {
    says: `${CONTINUE}HTTP/1.1 200 OK\r\ncontent-length: 9\r\ntransfer-encoding: chunked\r\n\r\n`,
    gets: [200, ''],
    method: 'head',
    open: true,
  },
  'an answer to POST before its body': { says: CONTINUE + OK, gets: [200, 'ok'], method: 'post', open: true },
  'a bare line feed': {
    says: 'HTTP/1.1 200 OK\ncontent-length: 2\n\nok',
    gets: [undefined, '', 'HTTP-protocol-error'],
  },
  'no HTTP': { says: 'SSH-2.0-OpenSSH_9.6\r\n', gets: [undefined, '', 'HTTP-protocol-error'], open: true },
  'half a head': { says: 'HTTP/1.1 200 OK\r\ncontent', gets: [undefined, '', 'connection-terminated'] },
};

/** The bytes at once, and one by one. */
const WAYS: Readonly<Record<string, (socket: Socket, bytes: Buffer) => Promise<void>>> = {
  'at once': (socket, bytes) => written(socket, bytes),
  async 'byte by byte'(socket, bytes) {
    // Shorter than in the wild, so that the test is fast.
    for (const byte of bytes.subarray(0, 2000)) await written(socket, Buffer.of(byte));
    await written(socket, bytes.subarray(2000));
  },
};

function written(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => socket.write(bytes, () => setImmediate(resolve)));
}

describe('a response is framed as HTTP says', () => {
  describe.each(Object.entries(CASES))('%s', (_, { says, gets, method = 'get', open }) => {
    test.each(Object.entries(WAYS))('%s', async (_, write) => {
      const server = await tcpServer((socket) => {
        socket.setNoDelay(true);
        socket.once('data', () => void write(socket, Buffer.from(says)).then(() => open ?? socket.end()));
      });
      const { status, body, error } = await fetch(server.url, {
        method: { tag: method },
        body: method === 'post' ? 'x' : '',
      });
      expect([status, body.toString(), ...(error ? [error.tag] : [])]).toEqual(gets);
    });
  });

  test('304 keeps its Content-Length', async () => {
    const server = await tcpServer((socket) =>
      socket.once('data', () => socket.write(CASES['304 with the length of what was not sent']!.says)),
    );
    expect((await fetch(server.url)).headers).toEqual([
      ['content-length', '100'],
      ['etag', '"x"'],
    ]);
  });

  test('each of several on one connection, after one that is not filtered', async () => {
    const server = await tcpServer((socket) => socket.on('data', () => socket.write(CONTINUE + HINTS + OK)));
    for (let time = 0; time < 5; time++) {
      expect(await fetch(server.url)).toMatchObject({ status: 200, body: Buffer.from('ok') });
    }
    expect(server.accepted).toBe(1);
  });

  test('a response that is framed twice is the last one on its connection', async () => {
    const { says } = CASES['a length beside chunks']!;
    const server = await tcpServer((socket) => socket.on('data', () => socket.write(says)));
    for (let time = 0; time < 2; time++) {
      expect(await fetch(server.url)).toMatchObject({
        status: 200,
        body: Buffer.from('ok'),
        headers: [],
      });
    }
    expect(server.accepted).toBe(2);
  });

  for (const [what, head, after] of [
    ['and goes on', 'content-length: 9', (socket: Socket) => socket.resume()],
    [
      'and closes its side',
      'content-length: 9\r\nconnection: close',
      (socket: Socket) => socket.resume().end(),
    ],
    ['and ends by closing its side', 'connection: close', (socket: Socket) => socket.resume().end()],
    ['after 100, and closes its side', 'connection: close', (socket: Socket) => socket.resume().end()],
  ] as const) {
    test(`a server that responds before the whole request has arrived ${what}`, async () => {
      const server = await tcpServer((socket) => {
        socket.once('data', () => {
          socket.pause();
          socket.write(
            `${what.startsWith('after') ? CONTINUE : ''}HTTP/1.1 413 Too Large\r\n${head}\r\n\r\ntoo large`,
          );
          after(socket);
        });
      });
      const { body, future } = start(server.url, { method: { tag: 'post' } });
      const stream = body.write();
      const writing = stream.blockingWriteAndFlush(new Uint8Array(4_000_000));
      const written = Promise.resolve(writing).catch((error: unknown) => error);
      expect(await read(await received(future))).toMatchObject({
        status: 413,
        body: Buffer.from('too large'),
      });
      expect([undefined, { tag: 'closed' }]).toContainEqual(await written);
      stream[Symbol.dispose]();
    });
  }
});
