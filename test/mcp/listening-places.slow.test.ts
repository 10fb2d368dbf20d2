import { expect, test } from 'vitest';
import { callModern, modernText } from '../support/modern.ts';
import { listen } from '../support/serving.ts';
import { connect, exchange, type LegacyResponse } from './legacy-clients/legacy.ts';

/** Four guests can be alive at once, so two of them may listen. */
const SMALL = { mcp: 'guide', workers: 1, liveLimit: 4 } as const;
const OPENED = 6;

type Open = (at: number) => Promise<LegacyResponse>;

/** Opens streams at the same time: two get a place, and the others one clear error. */
async function open(one: Open, idOf: (at: number) => unknown): Promise<LegacyResponse[]> {
  const all = await Promise.all(Array.from({ length: OPENED }, (_, at) => one(at)));
  const streams = all.filter(({ status }) => status === 200);
  expect(streams.map(({ headers }) => headers.get('content-type'))).toEqual(
    Array(2).fill('text/event-stream'),
  );
  for (const [at, response] of all.entries()) {
    if (streams.includes(response)) continue;
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '10']);
    expect(await response.last()).toEqual({
      jsonrpc: '2.0',
      id: idOf(at),
      error: { code: -32000, message: expect.stringContaining('no place for another stream') },
    });
  }
  return streams;
}

/** A place is free again once its guest has ended. */
async function opensAgain(one: Open): Promise<void> {
  while ((await one(0)).status !== 200);
}

test('streams of legacy clients leave places for their calls, in front of a modern guest', async () => {
  const { url } = await listen('modern', SMALL);
  const client = await connect(url);
  const streams = await open(client.get, () => null);
  const calls = Array.from({ length: 20 }, () => client.call('test_simple_text'));
  expect(new Set(await Promise.all(calls)).size).toBe(1);
  streams[0]!.leave();
  await opensAgain(client.get);
});

test('subscriptions of modern clients leave places for their calls, in front of a modern guest', async () => {
  const { url } = await listen('modern', SMALL);
  const params = { notifications: { toolsListChanged: true } };
  const subscribe: Open = (id) =>
    exchange(url, { method: 'POST', ...modernText({ method: 'subscriptions/listen', id, params }) });
  const streams = await open(subscribe, (id) => id);
  const calls = Array.from({ length: 20 }, () => callModern(url, 'test_simple_text'));
  expect(new Set((await Promise.all(calls)).map(({ status }) => status))).toEqual(new Set([200]));
  streams[0]!.leave();
  await opensAgain(subscribe);
});

test('streams that a guest opens with GET leave places for other requests', async () => {
  const { url } = await listen('http-lab', SMALL);
  const get = (path: string, accept = 'text/event-stream'): Promise<Response> =>
    fetch(`${url}${path}`, { headers: { accept } });
  const responses = await Promise.all(Array.from({ length: OPENED }, () => get('/sse?n=2&ms=600000')));
  const refused = responses.filter(({ status }) => status === 503);
  expect(refused).toHaveLength(OPENED - 2);
  expect(refused[0]!.headers.get('retry-after')).toBe('10');
  // Others have a place, whatever they are.
  const others = await Promise.all(Array.from({ length: 20 }, () => get('/stream?n=1', '*/*')));
  expect(others.map(({ status }) => status)).toEqual(Array(20).fill(200));
  expect((await get('/sse?n=1', '*/*')).status).toBe(503);
  // Guests that sleep for ten minutes do not keep their places.
  await Promise.all(responses.map(({ body }) => body!.cancel()));
  const left = performance.now();
  while ((await get('/sse?n=1')).status !== 200);
  expect(performance.now() - left).toBeLessThan(20_000);
});

test('a guest without streams needs no place for them', async () => {
  const { url } = await listen('notes-draft', { mcp: 'guide', workers: 1, liveLimit: 1 });
  const client = await connect(url);
  const responses = await Promise.all(Array.from({ length: 20 }, () => client.get()));
  expect(responses.map(({ status }) => status)).toEqual(Array(20).fill(405));
  const params = { notifications: { toolsListChanged: true } };
  const { status } = await exchange(url, {
    method: 'POST',
    ...modernText({ method: 'subscriptions/listen', params }),
  });
  expect(status).toBe(404);
});
