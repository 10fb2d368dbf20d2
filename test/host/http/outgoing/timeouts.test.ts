import { afterAll, expect, test } from 'vitest';
import { openOutgoing } from '../../../../host/index.ts';
import { httpServer, tcpServer } from '../../../support/servers.ts';
import { type Call, play, read, received, write } from './guest.ts';

const outgoing = openOutgoing({
  loopback: true,
  // A name server that never responds: connecting includes it.
  resolve: (host) => (host === 'silent.example' ? new Promise(() => {}) : Promise.resolve(['127.0.0.1'])),
});
afterAll(() => outgoing.close());
const { fetch } = play(outgoing);

async function timed(
  url: string,
  call: Call,
): Promise<{ took: number; error: string | undefined; body: string }> {
  const start = performance.now();
  const { error, body } = await fetch(url, call);
  return { took: performance.now() - start, error: error?.tag, body: body.toString() };
}

test('each limits its own phase', async () => {
  const quick = await httpServer((_request, response) => response.end());
  // Modules that the first request loads do not count.
  await fetch(quick.url);
  const silent = await tcpServer(() => {});
  const halting = await httpServer((_request, response) => {
    response.write('a');
    setTimeout(() => response.write('b'), 500);
  });
  // Concurrently; the timeouts of other phases are shorter and must not count.
  const [host, handshake, firstByte, betweenBytes] = await Promise.all([
    timed('http://silent.example/', { connect: 1000, firstByte: 100 }),
    timed(silent.url.replace('http', 'https'), { connect: 1000, firstByte: 100 }),
    timed(silent.url, { connect: 900, firstByte: 1000, betweenBytes: 100 }),
    timed(halting.url, { connect: 900, firstByte: 900, betweenBytes: 1000 }),
  ]);
  expect(host).toMatchObject({ error: 'connection-timeout' });
  expect(handshake).toMatchObject({ error: 'connection-timeout' });
  expect(firstByte).toMatchObject({ error: 'connection-read-timeout' });
  expect(betweenBytes).toMatchObject({ error: 'connection-read-timeout', body: 'ab' });
  for (const { took } of [host, handshake, firstByte, { took: betweenBytes.took - 500 }]) {
    expect(took).toBeGreaterThanOrEqual(980);
    expect(took).toBeLessThan(10_000);
  }
  await Promise.all([silent.idle(), halting.idle()]);
});

test('of zero end the request, unless it is faster', async () => {
  const silent = await tcpServer(() => {});
  expect(await timed(silent.url, { firstByte: 0 })).toMatchObject({ error: 'connection-read-timeout' });
  expect(await timed(silent.url.replace('http', 'https'), { connect: 0 })).toMatchObject({
    error: 'connection-timeout',
  });
  await silent.idle();
});

test('can be as long as a u64, and longer than a timer of Node', async () => {
  const server = await httpServer((_request, response) => setTimeout(() => response.end('late'), 100));
  const longest = Number((2n ** 64n - 1n) / 1_000_000n);
  const call = { connect: longest - 2048, firstByte: 2 ** 31, betweenBytes: 2 ** 31 };
  expect(await timed(server.url, call)).toMatchObject({ error: undefined, body: 'late' });
});

test('do not run while the guest reads slowly', async () => {
  const { start } = play(outgoing);
  const server = await httpServer((_request, response) => response.end(Buffer.alloc(2_000_000)));
  const { body, future } = start(server.url, { betweenBytes: 200 });
  await write(body);
  const response = await received(future);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect((await read(response)).body).toHaveLength(2_000_000);
});
