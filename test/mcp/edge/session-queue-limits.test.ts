import { describe, expect, test } from 'vitest';
import type { Handler } from '../../../src/http/handler.ts';
import { WasmcpError } from '../../../src/index.ts';
import { createSessionQueue } from '../../../src/mcp/edge/session-queue.ts';
import { ask, edgeOf } from './guest.ts';
import { later, type Setting, start } from './queue-setting.ts';

test('requests above the limit of a session are refused, those of other sessions are not', async () => {
  const { call, begun } = start(2);
  const calls = [1, 2, 3, 4].map((id) => call(id));
  expect(await calls[3]!.answer).toMatchObject({ status: 503, json: { id: 4, error: { code: -32000 } } });
  calls[2]!.leave();
  call(5);
  call(6, 'other');
  expect(begun()).toEqual([1, 6]);
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
