import type { Socket } from 'node:net';
import { afterAll, describe, expect, test } from 'vitest';
import { openOutgoing } from '../../../../host/index.ts';
import { tcpServer } from '../../../support/servers.ts';
import { bytes, rejection } from '../../streams.ts';
import { play, responseOf } from './guest.ts';

const outgoing = openOutgoing({ loopback: true });
afterAll(() => outgoing.close());
const { start, fetch } = play(outgoing);

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
      // In between, the event loop looks for input: what has arrived is read before the reset discards it.
      socket.write(head, () => setTimeout(() => setImmediate(() => socket.resetAndDestroy()), 50)),
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
  ])('of a peer that says %j', async (said, error) => {
    expect(await failure((socket) => socket.end(said))).toMatchObject([error, '']);
  });

  test("of an upload fails the guest's writes", async () => {
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
