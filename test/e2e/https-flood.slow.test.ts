import { once } from 'node:events';
import { request } from 'node:https';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { selfSigned } from '../support/certificate.ts';
import { closed } from '../support/closed.ts';
import { fixture, serve, temporaryFolder } from '../support/command.ts';

const CONNECTIONS = 8;

interface Flooded {
  /** Opens more connections than the server accepts, and sends these bytes on each. */
  flood(bytes: Uint8Array): Promise<Socket[]>;
  /** Waits until the server has read what all connections sent before. */
  read(): Promise<void>;
  /** The status of a request on a new connection; undefined if the server closes it. */
  ask(): Promise<number | undefined>;
}

async function flooded(): Promise<Flooded> {
  const { certFile, keyFile } = selfSigned(temporaryFolder());
  const { url, text } = await serve(fixture('http-lab'), [
    ...['--store', 'memory:', '--tls-cert', certFile, '--tls-key', keyFile],
    ...['--max-connections', String(CONNECTIONS), '--admin-addr', '127.0.0.1:0'],
  ]);
  const [, admin] = /(http:\S+)\/$/m.exec(text.stderr)!;
  return {
    // The same event loop serves this address, and reads what had arrived before it accepts another connection.
    read: async () => expect((await fetch(`${admin}/healthz`)).status).toBe(200),
    flood: (bytes) =>
      Promise.all(
        Array.from({ length: 3 * CONNECTIONS }, async () => {
          const socket = connect(Number(new URL(url).port), '127.0.0.1');
          socket.on('error', () => {}).resume();
          onTestFinished(() => void socket.destroy());
          await once(socket, 'connect');
          socket.write(bytes);
          return socket;
        }),
      ),
    ask: () =>
      new Promise((resolve) => {
        const sent = request(`${url}/env`, { rejectUnauthorized: false, agent: false }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        sent.on('error', () => resolve(undefined)).end();
      }),
  };
}

const open = (sockets: readonly Socket[]): number => sockets.filter(({ destroyed }) => !destroyed).length;

/** A record that announces 512 bytes of a ClientHello (RFC 8446, section 5.1), of which one is sent. */
const BEGINNING = Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01);

test('connections that begin no handshake are closed for others, the longest idle first', async () => {
  const { flood, ask } = await flooded();
  const sockets = await flood(new Uint8Array());
  expect(await ask()).toBe(200);
  while (open(sockets) > CONNECTIONS) await new Promise((resolve) => setImmediate(resolve));
  expect(await ask()).toBe(200);
});

test('connections that speak no TLS are closed at once', async () => {
  const { flood, ask } = await flooded();
  const sockets = await flood(Buffer.from('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n'));
  await Promise.all(sockets.map(closed));
  expect(await ask()).toBe(200);
});

test('half of a handshake occupies a connection for its time, as half of a head does, and no longer', async () => {
  const { flood, read, ask } = await flooded();
  const began = performance.now();
  const sockets = await flood(BEGINNING);
  while (open(sockets) > CONNECTIONS) await new Promise((resolve) => setImmediate(resolve));
  await read();
  expect(await ask()).toBeUndefined();
  await Promise.all(sockets.map(closed));
  expect(performance.now() - began).toBeGreaterThan(9000);
  expect(await ask()).toBe(200);
}, 60_000);
