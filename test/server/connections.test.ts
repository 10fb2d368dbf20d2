import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createConnections } from '../../src/server/connections.ts';

/** The server's sides of two connections. */
async function twoSockets(): Promise<[Socket, Socket]> {
  const sockets: Socket[] = [];
  const listener = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  onTestFinished(() => void listener.close());
  await once(listener, 'listening');
  for (let left = 2; left > 0; left -= 1) {
    const client = connect((listener.address() as AddressInfo).port, '127.0.0.1');
    client.on('error', () => {});
    onTestFinished(() => void client.destroy());
    client.write('a head that is arriving');
    await once(listener, 'connection');
    await once(sockets.at(-1)!, 'readable');
    sockets.at(-1)!.read();
  }
  return sockets as [Socket, Socket];
}

test('a client that has seen its connection end may open another one, before the server notices', async () => {
  const connections = createConnections({ maxConnections: 1, bodyTimeout: 1000 });
  const [first, second] = await twoSockets();
  connections.accept(first);
  first.destroy();
  connections.accept(second);
  expect(second.destroyed).toBe(false);
});

test('a connection on which a head is arriving keeps its place', async () => {
  const connections = createConnections({ maxConnections: 1, bodyTimeout: 1000 });
  const [first, second] = await twoSockets();
  connections.accept(first);
  connections.accept(second);
  expect([first.destroyed, second.destroyed]).toEqual([false, true]);
});
