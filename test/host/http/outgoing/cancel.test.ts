import type { Socket } from 'node:net';
import { afterAll, describe, expect, test } from 'vitest';
import { openOutgoing } from '../../../../host/index.ts';
import { httpServer, tcpServer } from '../../../support/servers.ts';
import { rejection, thrown } from '../../streams.ts';
import { play, read, received, write } from './guest.ts';

const outgoing = openOutgoing({ loopback: true });
afterAll(() => outgoing.close());

/** Number of timers and sockets of this process. */
function held(): number {
  const kinds = /^(Timeout|TCP(Socket|Connect)Wrap|GetAddrInfo)/;
  return process.getActiveResourcesInfo().filter((name) => kinds.test(name)).length;
}

describe('nothing is left', () => {
  test('when the guest drops the future', async () => {
    const server = await tcpServer(() => {});
    const before = held();
    const { start } = play(outgoing);
    for (let i = 0; i < 10; i += 1) {
      const { body, future } = start(server.url);
      await write(body);
      if (i % 2 === 1) await new Promise((resolve) => setTimeout(resolve, 10));
      future[Symbol.dispose]();
    }
    await server.idle();
    await new Promise(setImmediate);
    expect(held()).toBeLessThanOrEqual(before);
  });

  test('when the request is over, at any stage', async () => {
    const server = await httpServer((request, response) => {
      if (request.url !== '/silent') response.write('part');
    });
    const before = held();
    const player = play(outgoing);
    const connecting = player.start(`${server.url}/silent`);
    const waiting = player.start(`${server.url}/silent`);
    await write(waiting.body);
    const ears: Socket[] = [];
    const deaf = await tcpServer((socket) => ears.push(socket.pause()));
    const uploading = player.start(deaf.url, { method: { tag: 'post' } });
    const writing = uploading.body.write().blockingWriteAndFlush(new Uint8Array(20_000_000));
    const receiving = player.start(server.url);
    await write(receiving.body);
    const response = await received(receiving.future);
    const stream = response.consume().stream();
    const waits = [connecting.future.subscribe().block(), waiting.future.subscribe().block(), writing];
    const ended = Promise.allSettled(waits);
    player.guest.end('out of time');
    player.guest.release();
    for (const result of await ended) {
      expect(result).toMatchObject({ status: 'rejected', reason: { message: 'out of time' } });
    }
    expect(() => stream.read(1n)).toThrow('out of time');
    expect(() => player.start(server.url)).toThrow('out of time');
    for (const socket of ears) socket.resume();
    await Promise.all([server.idle(), deaf.idle()]);
    await new Promise(setImmediate);
    expect(held()).toBeLessThanOrEqual(before);
  });

  test('of a long body that the guest drops', async () => {
    const server = await httpServer((_request, response) => response.end(Buffer.alloc(50_000_000)));
    const { start } = play(outgoing);
    for (const letGo of ['response', 'body'] as const) {
      const { body, future } = start(server.url);
      await write(body);
      const response = await received(future);
      if (letGo === 'response') response[Symbol.dispose]();
      else await read(response, 1000);
      await server.idle();
    }
  });

  test('but the connection, of a short one', async () => {
    let finish: (() => Promise<void>) | undefined;
    const server = await httpServer((_request, response) => {
      response.write('short');
      finish = () => new Promise((resolve) => response.end('rest', resolve));
    });
    const { start } = play(outgoing);
    for (let i = 0; i < 3; i += 1) {
      const { body, future } = start(server.url);
      await write(body);
      const response = await received(future);
      response[Symbol.dispose]();
      await finish?.();
      // The client has to read the end before it can use the connection again.
      await new Promise((resolve) => setTimeout(resolve, 100));
      await new Promise(setImmediate);
    }
    expect(server.accepted).toBe(1);
  });
});

test('a guest can have 64 concurrent requests; one more fails at once, but not one of another guest', async () => {
  const waiting: (() => void)[] = [];
  const server = await httpServer((_request, response) => waiting.push(() => response.end('done')));
  const player = play(outgoing);
  const started = Array.from({ length: 64 }, () => player.start(server.url));
  expect(thrown(() => player.start(server.url))).toEqual({ tag: 'connection-limit-reached' });
  const other = play(outgoing);
  const others = other.fetch(server.url);
  for (const { body } of started) await write(body);
  while (waiting.length < 65) await new Promise((resolve) => setTimeout(resolve, 5));
  for (const answer of waiting.splice(0)) answer();
  expect((await others).status).toBe(200);
  for (const { future } of started) {
    const response = await received(future);
    expect((await read(response)).body.toString()).toBe('done');
  }
  const again = player.fetch(server.url);
  while (waiting.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  waiting[0]?.();
  expect((await again).status).toBe(200);
});

test('a write that waits ends when the guest drops the future', async () => {
  const server = await tcpServer((socket) => socket.pause());
  const { start } = play(outgoing);
  const { body, future } = start(server.url, { method: { tag: 'post' } });
  const writing = body.write().blockingWriteAndFlush(new Uint8Array(20_000_000));
  future[Symbol.dispose]();
  expect(await rejection(writing)).toMatchObject({ tag: 'last-operation-failed' });
});
