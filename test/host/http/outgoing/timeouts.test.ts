import { afterAll, expect, test } from 'vitest';
import { openOutgoing } from '../../../../host/index.ts';
import { type Call, play, read, received, write } from './guest.ts';
import { httpServer, tcpServer } from './servers.ts';

const outgoing = openOutgoing({
  loopback: true,
  // A name server that never answers: connecting includes it.
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

/** Within 20 %. */
function expectTook(took: number, milliseconds: number): void {
  expect(took).toBeGreaterThanOrEqual(milliseconds * 0.98);
  expect(took).toBeLessThan(milliseconds * 1.2);
}

test('to find the host', async () => {
  const { took, error } = await timed('http://silent.example/', { connect: 500 });
  expect(error).toBe('connection-timeout');
  expectTook(took, 500);
});

test('to shake hands', async () => {
  const server = await tcpServer(() => {});
  const { took, error } = await timed(server.url.replace('http', 'https'), { connect: 600 });
  expect(error).toBe('connection-timeout');
  expectTook(took, 600);
  await server.idle();
});

test('to the first byte', async () => {
  const server = await tcpServer(() => {});
  const { took, error } = await timed(server.url, { connect: 50, firstByte: 700 });
  expect(error).toBe('connection-read-timeout');
  expectTook(took, 700);
  await server.idle();
});

test('between bytes', async () => {
  const server = await httpServer((_request, response) => {
    response.write('a');
    setTimeout(() => response.write('b'), 300);
  });
  const { took, error, body } = await timed(server.url, { firstByte: 200, betweenBytes: 500 });
  expect(error).toBe('connection-read-timeout');
  expect(body).toBe('ab');
  expectTook(took, 800);
  await server.idle();
});

test('as long as u64 can say, and longer than a timer of Node', async () => {
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
