import { afterAll, expect, test } from 'vitest';
import { openOutgoing, outgoingFetch, type Pass, WasmcpError } from '../../../../host/index.ts';
import { httpServer, type TestServer } from '../../../support/servers.ts';
import { text } from '../../streams.ts';
import { play, responseOf, write } from './guest.ts';

const outgoing = openOutgoing({ loopback: true });
afterAll(() => outgoing.close());

type Release = Parameters<Pass>[0];

/** What a server has received of one request, and how it continues. */
interface Scene {
  readonly server: TestServer;
  readonly seen: string[];
  /** Calls that wait for the gate. */
  readonly waiting: Release[];
  readonly pass: Pass;
  /** Resolves when the server has received so many. */
  until(count: number): Promise<void>;
}

async function scene(): Promise<Scene> {
  const seen: string[] = [];
  let wake = (): void => {};
  const see = (what: string): void => {
    seen.push(what);
    wake();
  };
  const server = await httpServer((request, response) => {
    see('head');
    request.on('data', (bytes: Uint8Array) => see(text(bytes)));
    request.on('error', () => see('broken off'));
    request.on('end', () => {
      see('end');
      response.end();
    });
  });
  const waiting: Release[] = [];
  return {
    server,
    seen,
    waiting,
    pass: (release) => waiting.push(release),
    async until(count) {
      while (seen.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

const POST = { method: { tag: 'post' } } as const;
const broken = new WasmcpError('store-broken', 'no disk');

test('no part of a request leaves before it has passed the gate, and no connection is opened', async () => {
  const { server, seen, waiting, pass, until } = await scene();
  const { future, body } = play(outgoing, pass).start(server.url, POST);
  await write(body, 'what was written');
  expect(waiting).toHaveLength(3);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(server.accepted).toBe(0);
  waiting[0]!();
  waiting[1]!();
  await until(2);
  expect(seen).toEqual(['head', 'what was written']);
  waiting[2]!();
  expect(await responseOf(future)).toHaveProperty('status');
  expect(seen).toEqual(['head', 'what was written', 'end']);
});

test('a request that never passes fails, and so do later ones', async () => {
  const { server, waiting, pass } = await scene();
  const { future, body } = play(outgoing, pass).start(server.url, POST);
  await write(body, 'what was written');
  for (const release of waiting) release(broken);
  expect(await responseOf(future)).toEqual({ tag: 'internal-error', val: 'store-broken' });
  expect(server.accepted).toBe(0);
});

test('a body of which a part never passes is aborted, not ended', async () => {
  const { server, seen, waiting, pass, until } = await scene();
  const { future, body } = play(outgoing, pass).start(server.url, POST);
  await write(body, 'what was written');
  waiting[0]!();
  waiting[1]!();
  await until(2);
  waiting[2]!(broken);
  expect(await responseOf(future)).toEqual({ tag: 'internal-error', val: 'store-broken' });
  await until(3);
  expect(seen).toEqual(['head', 'what was written', 'broken off']);
});

test('a guest that drops a waiting request leaves nothing behind', async () => {
  const { server, waiting, pass } = await scene();
  const player = play(outgoing, pass);
  const { future, body } = player.start(server.url, POST);
  await write(body, 'what was written');
  future[Symbol.dispose]();
  for (const release of waiting) release();
  expect((await play(outgoing).fetch(server.url)).status).toBe(200);
  expect(server.accepted).toBe(1);
});

test('a request that is refused immediately does not wait for the gate', async () => {
  const player = play(outgoing, (release) => release(broken));
  expect(() => player.start('http://169.254.169.254/')).toThrow(
    expect.objectContaining({ tag: 'HTTP-request-denied' }) as Error,
  );
});

test('a function like fetch is called once the request has passed', async () => {
  const asked: string[] = [];
  const waiting: Release[] = [];
  const mine = outgoingFetch(async (request) => {
    asked.push(await request.text());
    return new Response();
  });
  const { future, body } = play(mine, (release) => waiting.push(release)).start('http://a.example/', POST);
  await write(body, 'what was written');
  await new Promise(setImmediate);
  expect(asked).toEqual([]);
  for (const release of waiting) release();
  expect(await responseOf(future)).toHaveProperty('status');
  expect(asked).toEqual(['what was written']);
});
