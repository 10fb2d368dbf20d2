import { describe, expect, test } from 'vitest';
import type { ModernRequest } from '../../support/modern.ts';
import { type Json, type PlayedGuest, playGuest, reply, replyResult, type Seen } from '../edge/guest.ts';
import { DISCOVER, edge, send } from './edge-of.ts';

const CAPABILITIES = {
  tools: { listChanged: true },
  prompts: { listChanged: false },
  resources: { subscribe: true },
};

/** A guest of 2025-06-18 with sessions, whose stream of notifications is opened by `open`. */
function guestWith(open: (request: Seen) => void, capabilities: object = CAPABILITIES): PlayedGuest {
  let sessions = 0;
  return playGuest((request) => {
    const { message, method, headers } = request;
    const result = { protocolVersion: '2025-06-18', capabilities, serverInfo: { name: 'a', version: '1' } };
    if (headers.get('mcp-protocol-version') === '2026-07-28') reply(request, 400, '{}');
    else if (method === 'GET') open(request);
    else if (method === 'DELETE' || message.id === undefined) reply(request, 202, '', []);
    else if (message.method === 'initialize')
      replyResult(request, result, ['mcp-session-id', `s${++sessions}`]);
    else if (message.params.uri === 'test://refused')
      reply(request, 200, '{"error":{"code":-1,"message":"no"}}');
    else replyResult(request, {});
  });
}

const TYPE = ['content-type', 'text/event-stream'];

function event({ target }: Seen, message: object): void {
  target.chunk(Buffer.from(`data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`), () => {});
}

const LISTEN: ModernRequest = {
  method: 'subscriptions/listen',
  id: 'l',
  params: {
    notifications: {
      toolsListChanged: true,
      promptsListChanged: true,
      resourceSubscriptions: ['test://a', 'test://refused'],
    },
  },
};

function messages(text: string): Json[] {
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!));
}

const TAG = { 'io.modelcontextprotocol/subscriptionId': 'l' };

describe('a guest of an earlier revision with a stream of notifications', () => {
  test('is followed by subscriptions/listen, as far as it notifies, in a session of its own', async () => {
    const guest = guestWith((request) => {
      request.target.head(200, TYPE);
      event(request, { method: 'notifications/tools/list_changed' });
      event(request, { method: 'notifications/prompts/list_changed' });
      event(request, {
        method: 'notifications/resources/updated',
        params: { uri: 'test://a', _meta: { own: 1 } },
      });
      event(request, { method: 'notifications/resources/updated', params: { uri: 'test://b' } });
      event(request, { id: 1, method: 'sampling/createMessage' });
      request.target.end([]);
      request.target.finished();
    });
    const { status, headers, text } = await send(edge(guest), LISTEN).answer;
    expect([status, headers]).toEqual([200, [...TYPE, 'cache-control', 'no-cache']]);
    const notifications = { toolsListChanged: true, resourceSubscriptions: ['test://a'] };
    expect(messages(text)).toEqual([
      {
        jsonrpc: '2.0',
        method: 'notifications/subscriptions/acknowledged',
        params: { notifications, _meta: TAG },
      },
      { jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: { _meta: TAG } },
      {
        jsonrpc: '2.0',
        method: 'notifications/resources/updated',
        params: { uri: 'test://a', _meta: { own: 1, ...TAG } },
      },
      { jsonrpc: '2.0', id: 'l', result: { resultType: 'complete', _meta: TAG } },
    ]);
    const inSession = ['notifications/initialized', ...Array(2).fill('resources/subscribe'), 'GET', 'DELETE'];
    expect(guest.asked()).toEqual([
      'server/discover',
      'initialize',
      ...inSession.map((what) => `${what} in s1`),
    ]);
    const opened = guest.seen.find(({ method }) => method === 'GET')!;
    expect(opened.headers.get('accept')).toBe('text/event-stream');
  });

  test('sees the client leave', async () => {
    const guest = guestWith((request) => request.target.head(200, TYPE));
    const { leave } = send(edge(guest), LISTEN);
    leave();
    expect(guest.seen.find(({ method }) => method === 'GET')!.gone).toBe(true);
  });

  test('is said to notify of what it says itself, after one look at the stream', async () => {
    const guest = guestWith((request) => request.target.head(200, TYPE));
    const handler = edge(guest);
    for (let i = 0; i < 2; i++) {
      const { capabilities } = (await send(handler, DISCOVER).answer).json.result;
      expect(capabilities).toEqual(CAPABILITIES);
    }
    const looks = guest.seen.filter(({ method }) => method === 'GET');
    expect(looks.map(({ gone }) => gone)).toEqual([true]);
  });

  test('that does not open its stream in time is said to notify of nothing', async () => {
    const { json } = await send(edge(guestWith(() => {})), DISCOVER).answer;
    expect(json.result.capabilities).toEqual({ tools: {}, prompts: {}, resources: {} });
  });
});

describe('a guest of an earlier revision without such a stream', () => {
  test('is said to notify of nothing, and listening is an unknown method', async () => {
    const guest = guestWith((request) => reply(request, 405, '', []));
    const handler = edge(guest);
    const refused = await send(handler, LISTEN).answer;
    expect([refused.status, refused.json.id, refused.json.error.code]).toEqual([404, 'l', -32601]);
    for (let i = 0; i < 2; i++) {
      const { capabilities } = (await send(handler, DISCOVER).answer).json.result;
      expect(capabilities).toEqual({ tools: {}, prompts: {}, resources: {} });
    }
    // Neither looks once more.
    expect((await send(handler, LISTEN).answer).status).toBe(404);
    expect(guest.seen.filter(({ method }) => method === 'GET')).toHaveLength(1);
  });

  test('that does not say that it notifies is not asked', async () => {
    const guest = guestWith(() => {}, { tools: {} });
    const handler = edge(guest);
    await send(handler, DISCOVER).answer;
    expect((await send(handler, LISTEN).answer).status).toBe(404);
    expect(guest.asked().some((what) => what.startsWith('GET'))).toBe(false);
  });
});

test('a client that asks for nothing is acknowledged with nothing', async () => {
  const guest = guestWith((request) => reply(request, 200, '', TYPE));
  const { text } = await send(edge(guest), { method: 'subscriptions/listen', id: 1 }).answer;
  expect(messages(text)[0].params.notifications).toEqual({});
});

test('a client is notified of 100 resources', async () => {
  const guest = guestWith((request) => reply(request, 200, '', TYPE));
  const uris = Array.from({ length: 101 }, (_, i) => `test://${i}`);
  const params = { notifications: { resourceSubscriptions: uris } };
  const { text } = await send(edge(guest), { method: 'subscriptions/listen', params }).answer;
  expect(messages(text)[0].params.notifications).toEqual({ resourceSubscriptions: uris.slice(0, 100) });
});

test('a process has 32 guests that listen, of whichever revision, and a place is free again when one has finished', async () => {
  const guest = guestWith((request) => request.target.head(200, TYPE));
  const handler = edge(guest);
  for (let id = 0; id < 32; id++) send(handler, { ...LISTEN, id });
  const { status, headers, json } = await send(handler, LISTEN).answer;
  expect([status, headers, json.error.code]).toEqual([
    503,
    ['content-type', 'application/json', 'retry-after', '10'],
    -32000,
  ]);
  const open = guest.seen.filter(({ method }) => method === 'GET');
  expect(open).toHaveLength(32);
  open[0]!.target.end([]);
  open[0]!.target.finished();
  send(handler, LISTEN);
  expect(guest.seen.filter(({ method }) => method === 'GET')).toHaveLength(33);
});

test('a guest of 2026-07-28 has as many', async () => {
  const guest = playGuest((request) => {
    const { id, method } = request.message;
    if (method === 'server/discover')
      replyResult(request, { supportedVersions: ['2026-07-28'], capabilities: {} });
    else if (id !== 'quick') request.target.head(200, TYPE);
    else replyResult(request, {});
  });
  const handler = edge(guest);
  for (let id = 0; id < 32; id++) send(handler, { ...LISTEN, id });
  expect((await send(handler, LISTEN).answer).status).toBe(503);
  expect((await send(handler, { method: 'tools/list', id: 'quick' }).answer).status).toBe(200);
});
