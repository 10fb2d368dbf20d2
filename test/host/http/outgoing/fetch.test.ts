import { MessageChannel } from 'node:worker_threads';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectFetch, type Fetch, outgoingFetch, serveFetch } from '../../../../host/index.ts';
import { httpServer } from '../../../support/servers.ts';
import { play, read, received, write } from './guest.ts';

/** Over RPC, `fetch` behaves as if it were in another thread. */
function across(fetch: Fetch): Fetch {
  const { port1, port2 } = new MessageChannel();
  serveFetch(fetch, port1);
  onTestFinished(() => port1.close());
  return connectFetch(port2);
}

describe.each([
  ['here', (fetch: Fetch): Fetch => fetch],
  ['on another thread', across],
])('a function like fetch, %s,', (_where, reach) => {
  const playing = (fetch: Fetch): ReturnType<typeof play> => play(outgoingFetch(reach(fetch)));

  test('receives every request, including those to private hosts, and returns the response', async () => {
    const { fetch } = playing(async (request) => {
      const seen = [
        request.method,
        request.url,
        request.redirect,
        request.headers.get('x-a'),
        await request.text(),
      ];
      const headers = new Headers([
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
      ]);
      return new Response(JSON.stringify(seen), { status: 418, headers });
    });
    const call = { method: { tag: 'post' }, headers: [['x-a', '1'] as const], body: 'hello' } as const;
    const answer = await fetch('http://10.0.0.1:81//not.host/p?q', call);
    expect(answer.status).toBe(418);
    expect(answer.headers.filter(([name]) => name === 'set-cookie')).toEqual([
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ]);
    expect(JSON.parse(answer.body.toString())).toEqual([
      'POST',
      'http://10.0.0.1:81//not.host/p?q',
      'manual',
      '1',
      'hello',
    ]);
  });

  test('can be the global fetch', async () => {
    const server = await httpServer(async (request, response) => {
      if (request.url === '/moved') response.writeHead(302, { location: '/' });
      response.end(`${request.method} ${Buffer.concat(await request.toArray()).length}`);
    });
    const { fetch: send } = playing(fetch);
    const answer = await send(server.url, { method: { tag: 'put' }, body: new Uint8Array(1_000_000) });
    expect(answer.body.toString()).toBe('PUT 1000000');
    expect((await send(`${server.url}/moved`)).status).toBe(302);
    expect((await send('http://127.0.0.1:2/')).error).toEqual({ tag: 'connection-refused' });
  });

  test('receives no body of a GET, although the guest can write one', async () => {
    const written = Promise.withResolvers<void>();
    const { start } = playing(async (request) => {
      await written.promise;
      return new Response(`${request.body}`);
    });
    const { body, future } = start('http://a.example/');
    await write(body, new Uint8Array(1_000_000));
    written.resolve();
    expect((await read(await received(future))).body.toString()).toBe('null');
  });

  test('that fails or takes too long is an error-code', async () => {
    const { fetch } = playing(async (request) => {
      if (request.url.endsWith('/fail')) throw new Error('secret reason');
      return new Promise<Response>((_resolve, reject) => {
        request.signal.addEventListener('abort', () => reject(request.signal.reason));
      });
    });
    expect((await fetch('http://a.example/fail')).error).toEqual({ tag: 'internal-error', val: 'Error' });
    expect((await fetch('http://a.example/', { firstByte: 50 })).error).toEqual({
      tag: 'connection-read-timeout',
    });
    expect((await fetch('http://a%2Fb/')).error).toEqual({ tag: 'HTTP-request-URI-invalid' });
  });

  test('sends the body as fast as the guest reads, and is cancelled when the guest drops it', async () => {
    let pulled = 0;
    const cancelled = Promise.withResolvers<void>();
    const { start } = playing(async () => {
      const body = new ReadableStream({
        pull(controller) {
          pulled += 1;
          controller.enqueue(new Uint8Array(65_536));
        },
        cancel: () => cancelled.resolve(),
      });
      return new Response(body);
    });
    const { body, future } = start('http://a.example/');
    await write(body);
    const response = await received(future);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(pulled).toBeLessThan(10);
    expect((await read(response, 1_000_000)).body.length).toBeGreaterThanOrEqual(1_000_000);
    await cancelled.promise;
  });

  test('is cancelled when the request of the guest is over', async () => {
    const aborted = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const { start, guest } = playing((request) => {
      request.signal.addEventListener('abort', () => aborted.resolve());
      asked.resolve();
      return new Promise<Response>(() => {});
    });
    start('http://a.example/');
    await asked.promise;
    guest.release();
    await aborted.promise;
  });
});
