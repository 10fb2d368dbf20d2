import { describe, expect, test } from 'vitest';
import type { Handler } from '../../../src/http/handler.ts';
import { WasmcpError } from '../../../src/index.ts';
import { createSessionQueue } from '../../../src/mcp/edge/session-queue.ts';
import { type Asking, ask, edgeOf, type PlayedGuest, playGuest, type Seen } from './guest.ts';

interface Setting {
  readonly guest: PlayedGuest;
  /** Sends a request in a session. */
  call(id: number, session?: string, method?: string): Asking;
  send(text: string, session?: string): Asking;
  /** Sends a request that arrived at another time. */
  sendAt(text: string, receivedAt: number): Asking;
  /** Ids of the requests that have reached the guest. */
  begun(): number[];
  /** Ends a response, and by default the guest's work on it. */
  answer(id: number, finished?: boolean): void;
  finish(id: number): void;
}

function start(limit = 100, serial = true, timeout = 30_000): Setting {
  const guest = playGuest(() => {});
  const queue = serial ? createSessionQueue(limit) : undefined;
  const edge = edgeOf(guest.handle, { mode: 'strict', queue, timeout });
  const find = (id: number): Seen => guest.seen.find(({ message }) => message.id === id)!;
  const send = (text: string, session = 's'): Asking => ask(edge, text, { 'mcp-session-id': session });
  return {
    guest,
    send,
    sendAt: (text, receivedAt) => ask(edge, text, { 'mcp-session-id': 's' }, 'POST', receivedAt),
    call: (id, session, method = 'tools/call') => send(`{"method":"${method}","id":${id}}`, session),
    begun: () => guest.seen.map(({ message }) => message.id),
    answer(id, finished = true) {
      const { target } = find(id);
      target.head(200, []);
      target.end([]);
      if (finished) target.finished?.();
    },
    finish: (id) => find(id).target.finished?.(),
  };
}

/** Waits for what is scheduled in this turn of the event loop. */
const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('requests of one session run one after another, in the order of arrival', async () => {
  const { call, begun, answer } = start();
  const calls = [1, 2, 3].map((id) => call(id));
  expect(begun()).toEqual([1]);
  answer(1);
  await calls[0]!.answer;
  await later();
  expect(begun()).toEqual([1, 2]);
  answer(2);
  await later();
  expect(begun()).toEqual([1, 2, 3]);
});

test('the next request waits until the guest has finished, not only for the response', async () => {
  const { call, begun, answer, finish } = start();
  const first = call(1);
  call(2);
  answer(1, false);
  await first.answer;
  await later();
  expect(begun()).toEqual([1]);
  finish(1);
  await later();
  expect(begun()).toEqual([1, 2]);
});

test('sessions do not wait for each other', () => {
  const { call, begun } = start();
  call(1, 'a');
  call(2, 'b');
  call(3, 'a');
  expect(begun()).toEqual([1, 2]);
});

test('in parallel mode no request waits', () => {
  const { call, begun } = start(0, false);
  call(1);
  call(2);
  expect(begun()).toEqual([1, 2]);
});

describe('messages that a running request may wait for pass the queue', () => {
  test.each([
    ['a response', '{"id":"elicit","result":{"action":"accept"}}'],
    ['a notification', '{"method":"notifications/cancelled","params":{"requestId":1}}'],
    ['a ping', '{"id":9,"method":"ping"}'],
    ['a batch', '[{"id":1,"result":{}}]'],
  ])('%s', async (_, text) => {
    const { call, send, guest } = start();
    call(1);
    call(2);
    send(text);
    expect(guest.seen.map((seen) => seen.text).slice(1)).toEqual([text]);
  });

  test.each(['GET', 'DELETE'])('%s', (method) => {
    const guest = playGuest(() => {});
    const edge = edgeOf(guest.handle, { mode: 'strict', queue: createSessionQueue(1) });
    ask(edge, '{"id":1,"method":"tools/call"}', { 'mcp-session-id': 's' });
    ask(edge, undefined, { 'mcp-session-id': 's' }, method);
    expect(guest.seen).toHaveLength(2);
  });
});

test('a client that leaves the queue is not served', async () => {
  const { call, begun, answer } = start();
  call(1);
  const second = call(2);
  call(3);
  second.leave();
  answer(1);
  await later();
  expect(begun()).toEqual([1, 3]);
});

test('the next request waits for a running one whose client has left', async () => {
  const { call, begun, finish, guest } = start();
  const first = call(1);
  call(2);
  first.leave();
  await later();
  expect(guest.seen[0]!.gone).toBe(true);
  expect(begun()).toEqual([1]);
  finish(1);
  await later();
  expect(begun()).toEqual([1, 2]);
});

test('requests above the limit of a session are refused, those of other sessions are not', async () => {
  const { call, begun } = start(2);
  const calls = [1, 2, 3, 4].map((id) => call(id));
  expect(await calls[3]!.answer).toMatchObject({ status: 503, json: { id: 4, error: { code: -32000 } } });
  calls[2]!.leave();
  call(5);
  call(6, 'other');
  expect(begun()).toEqual([1, 6]);
});

test('thousands of requests that fail synchronously do not overflow the stack', async () => {
  let first: (() => void) | undefined;
  const handle: Handler = (_, target) => {
    const fail = (): void => {
      target.fail(new WasmcpError('server-closing', 'closing'));
      target.finished?.();
    };
    if (first === undefined) first = fail;
    else fail();
    return { cancel() {}, stop() {} };
  };
  const edge = edgeOf(handle, { mode: 'strict', queue: createSessionQueue(10_000) });
  const calls = Array.from({ length: 10_000 }, (_, id) =>
    ask(edge, `{"method":"tools/call","id":${id}}`, { 'mcp-session-id': 's' }),
  );
  first!();
  const answers = await Promise.all(calls.map(({ answer }) => answer));
  expect(new Set(answers.map(({ failure }) => failure))).toEqual(new Set(['server-closing']));
});

test('the first request of a new session runs before the client’s next ones', async () => {
  const guest = playGuest(({ message, target }) => {
    if (message.method !== 'initialize' && message.id !== undefined) return;
    target.head(200, message.method === 'initialize' ? ['mcp-session-id', 's'] : []);
    target.end([]);
  });
  const edge = edgeOf(guest.handle, { mode: 'guide', queue: createSessionQueue(1) });
  ask(edge, '{"method":"tools/call","id":1}');
  ask(edge, '{"method":"tools/call","id":2}', { 'mcp-session-id': 's' });
  expect(guest.asked()).toEqual(['initialize', 'notifications/initialized in s', 'tools/call in s']);
});

describe('a request that waits too long', () => {
  const WAIT = 50;

  function late(): Setting {
    return start(100, true, WAIT);
  }

  test('is refused under its id, with what it has waited for', async () => {
    const { call, begun, answer } = late();
    call(1);
    const second = await call(2, 's', 'tools/list').answer;
    expect(second).toMatchObject({ status: 503, json: { jsonrpc: '2.0', id: 2, error: { code: -32000 } } });
    expect(second.headers).toContain('retry-after');
    expect(second.json.error.message).toContain(`waited ${WAIT} ms`);
    expect(second.json.error.message).toContain('"tools/call"');
    answer(1);
    await later();
    expect(begun()).toEqual([1]);
  });

  test('makes room for the requests after it', async () => {
    const { call, send, begun, answer } = late();
    call(1);
    expect(await call(2).answer).toMatchObject({ status: 503 });
    const third = call(3);
    answer(1);
    await later();
    expect(begun()).toEqual([1, 3]);
    answer(3);
    expect(await third.answer).toMatchObject({ status: 200 });
    await later();
    // Long ago: it may run, because no other request is before it.
    send('{"method":"tools/call","id":4}');
    expect(begun()).toEqual([1, 3, 4]);
  });

  test('keeps an id after its parameters, as it was written', async () => {
    const { call, send } = late();
    call(1);
    const text = '{"method":"tools/call","params":{"id":9},"jsonrpc":"2.0","id":12345678901234567890}';
    expect((await send(text).answer).text).toContain('"id":12345678901234567890,');
  });

  test('may wait from its arrival on, wherever it spent the time', async () => {
    const { call, sendAt } = start(100, true, 60_000);
    call(1);
    const answer = await sendAt('{"method":"tools/call","id":2}', performance.now() - 60_000).answer;
    expect(answer).toMatchObject({ status: 503, json: { id: 2 } });
  });

  test('is not refused once it has started', async () => {
    const { call, begun, answer } = late();
    call(1);
    const second = call(2);
    answer(1);
    await later();
    expect(begun()).toEqual([1, 2]);
    await new Promise((resolve) => setTimeout(resolve, 2 * WAIT));
    answer(2);
    expect(await second.answer).toMatchObject({ status: 200 });
  });
});

test('a request for which no worker was free is refused under its id', async () => {
  const handle: Handler = (_, target) => {
    target.fail(new WasmcpError('queue-full', 'no worker was free within 7 ms'));
    target.finished();
    return { cancel() {}, stop() {} };
  };
  const edge = edgeOf(handle, { mode: 'guide', queue: createSessionQueue(1) });
  for (const headers of [{ 'mcp-session-id': 's' }, { 'mcp-protocol-version': '2026-07-28' }]) {
    const text = '{"jsonrpc":"2.0","method":"tools/call","params":{},"id":"x"}';
    const answer = await ask(edge, text, headers as Record<string, string>).answer;
    expect(answer).toMatchObject({ status: 503, json: { id: 'x', error: { code: -32000 } } });
    expect(answer.json.error.message).toContain('no worker was free within 7 ms');
  }
});
