import { describe, expect, test } from 'vitest';
import type { Server, ServerOptions } from '../../../src/index.ts';
import { INITIALIZE_PARAMS } from '../../support/mcp.ts';
import { create, share } from '../../support/serving.ts';
import { type Answer, callOf, next, read, requestOf } from './guide.ts';

/** As in the guide's curl examples: a content type, perhaps a session, and nothing else. */
async function post(server: Server, message: object, session?: string, path = '/mcp'): Promise<Answer> {
  return read(await server.fetch(requestOf(`http://localhost${path}`, message, session)));
}

function textOf({ json }: Answer): string {
  return json.result.content[0].text;
}

const GUIDE: ServerOptions = { mcp: 'guide' };

describe.each(['notes-draft', 'notes-draft2'])('%s', (name) => {
  const shared = share(name, { ...GUIDE, workers: 2 });

  test('a first call opens a session, the next one continues it', async () => {
    const { server } = shared;
    const first = await post(server, callOf('cart_add', { item: 'apple' }));
    expect(first).toMatchObject({ status: 200, type: 'application/json', session: expect.any(String) });
    const second = await post(server, callOf('cart_add', { item: 'banana' }), first.session);
    expect(textOf(second)).toBe('apple, banana');
    expect(second.session).toBeUndefined();
    const other = await post(server, callOf('cart_show'));
    expect(textOf(other)).toBe('the cart is empty');
    expect(other.session).not.toBe(first.session);
  });

  test('over a socket as well', async () => {
    const { url } = shared;
    const first = await read(await fetch(requestOf(`${url}/mcp`, callOf('counter'), undefined)));
    const second = await read(await fetch(requestOf(`${url}/mcp`, callOf('counter'), first.session)));
    expect([textOf(first), textOf(second)]).toEqual(['1', '2']);
  });

  test('session/terminate ends it for good', async () => {
    const { server } = shared;
    const { session } = await post(server, callOf('counter'));
    const ended = await post(server, { id: 5, method: 'session/terminate' }, session);
    expect(ended).toMatchObject({ status: 200, json: { jsonrpc: '2.0', id: 5, result: {} } });
    for (const message of [callOf('counter'), { id: 6, method: 'session/terminate' }]) {
      expect(await post(server, message, session)).toMatchObject({ status: 404 });
    }
  });

  test('a tool that ends its session ends it for good', async () => {
    const { server } = shared;
    const { session } = await post(server, callOf('counter'));
    expect((await post(server, callOf('end_session', { reason: 'done' }), session)).status).toBe(200);
    expect((await post(server, callOf('counter'), session)).status).toBe(404);
  });

  test('an id that no server issued is unknown', async () => {
    const { server } = shared;
    for (const session of ['00000000-0000-4000-8000-000000000000', 'x', '../../etc']) {
      expect((await post(server, callOf('counter'), session)).status).toBe(404);
    }
  });

  test('a thousand calls at once count to a thousand', async () => {
    const { server } = shared;
    const { session } = await post(server, callOf('counter'));
    const calls = Array.from({ length: 999 }, () => post(server, callOf('counter'), session));
    const counts = (await Promise.all(calls)).map((answer) => Number(textOf(answer)));
    expect(counts).toEqual(Array.from({ length: 999 }, (_, n) => n + 2));
  });
});

test('a call that asks its client gets the response while other calls wait', async () => {
  const { server } = await create('notes-draft', GUIDE);
  const initialize = {
    id: 1,
    method: 'initialize',
    params: { ...INITIALIZE_PARAMS, capabilities: { elicitation: {} } },
  };
  const { session } = await post(server, initialize);
  const asking = requestOf('http://localhost/mcp', callOf('test_elicitation', { message: 'Who?' }), session);
  asking.headers.set('accept', 'application/json, text/event-stream');
  const stream = (await server.fetch(asking)).body!.pipeThrough(new TextDecoderStream()).getReader();
  const question = JSON.parse((await next(stream, /^data: (.*"elicitation\/create".*)$/m))[1]!);
  const waiting = post(server, callOf('counter'), session);
  const answer = {
    id: question.id,
    result: { action: 'accept', content: { username: 'Ada', email: 'a@b.c' } },
  };
  expect((await post(server, answer, session)).status).toBe(202);
  expect((await next(stream, /^data: (.*"result".*)$/m))[1]).toContain('Ada');
  expect(textOf(await waiting)).toBe('1');
});

test('strict mode leaves refusals to the guest, and still orders calls', async () => {
  const { server } = await create('notes-draft', { mcp: 'strict', workers: 2 });
  expect((await post(server, callOf('counter'))).status).toBe(400);
  const initialize = {
    id: 1,
    method: 'initialize',
    params: INITIALIZE_PARAMS,
  };
  const { session } = await post(server, initialize);
  const calls = Array.from({ length: 50 }, () => post(server, callOf('counter'), session));
  const counts = (await Promise.all(calls)).map((answer) => Number(textOf(answer)));
  expect(counts).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
});

test('a component that does not look like an MCP server is served unchanged', async () => {
  const { server } = await create('http-lab');
  const response = await server.fetch(requestOf('http://localhost/echo', callOf('counter'), undefined));
  expect(response.status).toBe(200);
  expect(response.headers.has('mcp-session-id')).toBe(false);
});
