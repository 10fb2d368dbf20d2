import { describe, expect, test } from 'vitest';
import type { Handler } from '../../../src/http/handler.ts';
import { WasmcpError } from '../../../src/index.ts';
import { createSessionQueue } from '../../../src/mcp/edge/session-queue.ts';
import { ask, edgeOf, playGuest } from './guest.ts';
import { later, start } from './queue-setting.ts';

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
