import { expect, test } from 'vitest';
import type { GuestRequest, Handler, Upload } from '../../../src/http/handler.ts';
import { createSessionOwners } from '../../../src/mcp/edge/session-owners.ts';
import { createSessionQueue } from '../../../src/mcp/edge/session-queue.ts';
import {
  type Asking,
  ask,
  edgeOf,
  type PlayedGuest,
  playGuest,
  reply,
  replyResult,
  type Seen,
} from './guest.ts';

const CALL = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}';
const INITIALIZE = '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18"}}';
const HEADERS = { accept: 'application/json, text/event-stream' };
const OWNER = 'Bearer owner';

interface Setting {
  readonly guest: PlayedGuest;
  readonly edge: Handler;
  /** Sends a call in the session `s`. */
  call(token?: string, body?: string | Upload): Asking;
  initialize(): Promise<unknown>;
  /** What the guest left without a response. */
  readonly held: Seen[];
}

/** A guest with the session `s` of one owner. It holds calls, and other clients' requests, until the test responds. */
function start(limit = 100): Setting {
  const held: Seen[] = [];
  const guest = playGuest((request) => {
    const owned = request.headers.get('authorization') === OWNER;
    if (!owned || request.message.method === 'tools/call') held.push(request);
    else replyResult(request, {}, request.session === undefined ? ['mcp-session-id', 's'] : []);
  });
  const edge = edgeOf(guest.handle, { mode: 'strict', queue: createSessionQueue(limit) });
  const tokenHeader = (token: string | undefined): Record<string, string> =>
    token === undefined ? {} : { authorization: token };
  return {
    guest,
    edge,
    held,
    call: (token, body = CALL) =>
      ask(edge, body, { ...HEADERS, 'mcp-session-id': 's', ...tokenHeader(token) }),
    initialize: () => ask(edge, INITIALIZE, { ...HEADERS, authorization: OWNER }).answer,
  };
}

test('a client that is not the owner of a session does not delay it', async () => {
  const { guest, call, initialize, held } = start();
  await initialize();
  const strangers = ['Bearer other', undefined, 'Bearer more'].map((token) => call(token));
  call(OWNER);
  const ping = 'ping in s';
  expect(guest.asked()).toEqual(['initialize', ping, ping, ping, 'tools/call in s']);
  for (const request of held.splice(0, 3)) reply(request, 403, '{"error":{}}');
  for (const { answer } of strangers) {
    expect(await answer).toMatchObject({ status: 403, text: '{"error":{}}' });
  }
  expect(guest.asked()).toHaveLength(5);
});

test('the owner of a session is not verified for requests', async () => {
  const { guest, call, initialize, held } = start();
  await initialize();
  for (let i = 0; i < 3; i++) {
    const { answer } = call(OWNER);
    replyResult(held.shift()!, {});
    expect(await answer).toMatchObject({ status: 200 });
  }
  const calls = Array(3).fill('tools/call in s');
  expect(guest.asked()).toEqual(['initialize', ...calls]);
});

test('the owner of a session that an earlier process opened is known after one request', async () => {
  const { guest, call, held } = start();
  const first = call(OWNER);
  replyResult(held.shift()!, {});
  await first.answer;
  call('Bearer other');
  call(OWNER);
  expect(guest.asked()).toEqual(['tools/call in s', 'ping in s', 'tools/call in s']);
});

test('a token that the guest refused does not count as the owner’s', async () => {
  const { guest, call, held } = start();
  for (let i = 0; i < 2; i++) {
    const { answer } = call('Bearer other');
    reply(held.shift()!, 403, '{}');
    await answer;
  }
  call(OWNER);
  call('Bearer other');
  expect(guest.asked().slice(2)).toEqual(['tools/call in s', 'ping in s']);
});

test('others take no place in the queue of an unknown owner', async () => {
  const { guest, call, held } = start(1);
  call(OWNER);
  const strangers = Array.from({ length: 5 }, () => call('Bearer other'));
  const waiting = call(OWNER);
  expect(guest.asked()).toEqual(['tools/call in s', ...Array(5).fill('ping in s'), 'ping in s']);
  const [owners, ...pings] = held.splice(0);
  for (const ping of pings) reply(ping, 403, '{}');
  for (const { answer } of strangers) expect(await answer).toMatchObject({ status: 403 });
  replyResult(owners!, {});
  await expect.poll(() => held).toHaveLength(1);
  replyResult(held[0]!, {});
  expect(await waiting.answer).toMatchObject({ status: 200 });
});

test('an upload does not hold a place in the queue before its client is known', () => {
  const { guest, call } = start();
  const upload: Upload = {
    start: (receiver) => receiver.data(Buffer.from(`${CALL.slice(0, -1)},"_meta":`)),
    resume() {},
    stop() {},
  };
  const whole: Upload = {
    start(receiver) {
      receiver.data(Buffer.from(CALL));
      receiver.end(['x-trailer', '1']);
    },
    resume() {},
    stop() {},
  };
  call('Bearer other', upload);
  call('Bearer other', whole);
  expect(guest.asked()).toEqual(['ping in s']);
});

test('a renewed token is verified once', async () => {
  let token = OWNER;
  const guest = playGuest((request) => {
    const accepted = request.headers.get('authorization') === token;
    if (accepted) replyResult(request, {}, ['mcp-session-id', 's']);
    else reply(request, 401, '{}');
  });
  const edge = edgeOf(guest.handle, { mode: 'strict', queue: createSessionQueue(100) });
  const headers = { ...HEADERS, 'mcp-session-id': 's' };
  await ask(edge, CALL, { ...headers, authorization: token }).answer;
  token = 'Bearer renewed';
  for (let i = 0; i < 3; i++) await ask(edge, CALL, { ...headers, authorization: token }).answer;
  const call = 'tools/call in s';
  expect(guest.asked()).toEqual([call, 'ping in s', call, call, call]);
});

test('sessions without tokens are not verified', async () => {
  const guest = playGuest(() => {});
  const edge = edgeOf(guest.handle, { mode: 'strict', queue: createSessionQueue(100) });
  for (let i = 0; i < 3; i++) ask(edge, CALL, { ...HEADERS, 'mcp-session-id': 's' });
  replyResult(guest.seen[0]!, {});
  await expect.poll(() => guest.asked()).toEqual(['tools/call in s', 'tools/call in s']);
});

test('ten thousand sessions and four tokens of each are remembered', () => {
  const owners = createSessionOwners(createSessionQueue(1));
  const request = (session: string, token: string): GuestRequest => ({
    method: 'POST',
    scheme: 'http',
    authority: 'a',
    path: '/',
    headers: ['mcp-session-id', session, 'authorization', token],
    body: new Uint8Array(),
    receivedAt: 0,
  });
  for (const token of ['1', '2', '3', '4', '5']) owners.confirm(request('s', token), 's');
  const verified = ['1', '2', '3', '4', '5'].filter((token) => !owners.mustVerify(request('s', token)));
  expect(verified).toEqual(['2', '3', '4', '5']);
  for (let i = 0; i < 9_999; i++) owners.confirm(request(`${i}`, '1'), `${i}`);
  expect(owners.mustVerify(request('s', '1'))).toBe(true);
  owners.confirm(request('one more', '1'), 'one more');
  expect(owners.mustVerify(request('s', '1'))).toBe(false);
});
