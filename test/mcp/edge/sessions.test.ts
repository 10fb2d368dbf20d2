import { Agent } from 'node:http';
import { describe, expect, test } from 'vitest';
import type { Server, ServerOptions } from '../../../src/index.ts';
import { INITIALIZE_PARAMS } from '../../support/mcp.ts';
import { call, create, share } from '../../support/serving.ts';

// biome-ignore lint/suspicious/noExplicitAny: protocol messages are looked at by tests only
type Json = any;

interface Answer {
  readonly status: number;
  readonly session: string | undefined;
  readonly type: string | undefined;
  readonly json: Json;
}

/** As in the guide's curl examples: a content type, perhaps a session, and nothing else. */
async function post(server: Server, message: object, session?: string, path = '/mcp'): Promise<Answer> {
  return read(await server.fetch(requestOf(`http://localhost${path}`, message, session)));
}

function requestOf(url: string, message: object, session: string | undefined): Request {
  const headers = { 'content-type': 'application/json', ...(session && { 'mcp-session-id': session }) };
  return new Request(url, { method: 'POST', headers, body: JSON.stringify({ jsonrpc: '2.0', ...message }) });
}

async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  return {
    status: response.status,
    session: response.headers.get('mcp-session-id') ?? undefined,
    type: response.headers.get('content-type') ?? undefined,
    json: text === '' ? undefined : JSON.parse(text),
  };
}

/** The first match in a stream. */
async function next(stream: ReadableStreamDefaultReader<string>, pattern: RegExp): Promise<RegExpExecArray> {
  let text = '';
  for (;;) {
    const { done, value } = await stream.read();
    if (done) throw new Error(`the stream ended after ${text}`);
    text += value;
    const match = pattern.exec(text);
    if (match !== null) return match;
  }
}

function callOf(name: string, args: object = {}): object {
  return { id: 1, method: 'tools/call', params: { name, arguments: args } };
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

describe('a large message over a socket', () => {
  const shared = share('http-lab', { mcp: 'guide' });
  const headers = { 'content-type': 'application/json', 'mcp-session-id': 's' };
  const large = `{"method":"notifications/x","params":{"a":"${'é'.repeat(1_000_000)}"}}`;

  test.each([16, 100_000])('arrives as it was sent, in pieces of %i bytes at first', async (size) => {
    const bytes = Buffer.from(large);
    const { response, body } = await call(
      `${shared.url}/echo?raw=1`,
      { method: 'POST', headers },
      async (sent) => {
        for (let i = 0; i < 10; i++) sent.write(bytes.subarray(i * size, (i + 1) * size));
        sent.end(bytes.subarray(10 * size));
      },
    );
    expect(response.statusCode).toBe(200);
    expect((await body()).equals(bytes)).toBe(true);
  });

  test('that is refused leaves the connection to the next request', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const refused = await call(
      `${shared.url}/status?code=403`,
      { method: 'POST', headers: { ...headers, authorization: 'Bearer x' }, agent },
      async (sent) => void sent.end(large),
    );
    const { localPort } = refused.response.socket;
    expect(refused.response.statusCode).toBe(403);
    await refused.body();
    const next = await call(`${shared.url}/time`, { agent });
    expect(next.response.statusCode).toBe(200);
    expect(next.response.socket.localPort).toBe(localPort);
    await next.body();
    agent.destroy();
  });
});

describe.each(['guide', 'strict'] as const)('in %s mode', (mode) => {
  test('a body whose source fails early gets a response, and does not keep the server open', async () => {
    const { server } = await create('notes-draft', { mcp: mode });
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(Buffer.from('{"jsonrpc":"2.0",'));
        controller.error(new Error('the source is gone'));
      },
    });
    const request = new Request('http://localhost/mcp', {
      method: 'POST',
      body,
      duplex: 'half',
    } as RequestInit);
    const answer = await read(await server.fetch(request));
    expect(answer).toMatchObject({ status: 400, json: { id: null, error: { code: -32600 } } });
    const begun = performance.now();
    await server.close(60_000);
    expect(performance.now() - begun).toBeLessThan(4000);
  });

  test('a contradictory message in a session with a token reaches no guest', async () => {
    const { server } = await create('notes-draft', { mcp: mode });
    const headers = { authorization: 'Bearer x', 'mcp-session-id': 's' };
    const body = '{"jsonrpc":"2.0","method":"ping","id":"elicit-1","result":{}}';
    const request = new Request('http://localhost/mcp', { method: 'POST', headers, body });
    expect(await read(await server.fetch(request))).toMatchObject({
      status: 400,
      json: { id: null, error: { code: -32600 } },
    });
  });
});

describe('a slow session', () => {
  /** The lab does not know MCP: its paths select what it does. */
  const LAB: ServerOptions = { mcp: 'strict', workers: 2 };

  async function pause(server: Server, milliseconds: number, session: string): Promise<string> {
    const request = requestOf(`http://localhost/sleep?ms=${milliseconds}`, callOf('sleep'), session);
    return (await server.fetch(request)).text();
  }

  test('slows down only itself', async () => {
    const { server } = await create('http-lab', LAB);
    await pause(server, 0, 'warm');
    const ended: string[] = [];
    const slow = Array.from({ length: 20 }, () => pause(server, 1000, 'slow').then(() => ended.push('slow')));
    const others = Array.from({ length: 100 }, (_, n) =>
      pause(server, 1, `other ${n}`).then(() => ended.push('other')),
    );
    await Promise.all(others);
    // Twenty of these take twenty seconds; they were sent first.
    expect(ended.filter((who) => who === 'slow').length).toBeLessThan(15);
    await server.close(0);
    await Promise.all(slow);
  });

  test('may run its calls in parallel', async () => {
    const { server } = await create('http-lab', { ...LAB, sessionOrder: 'parallel' });
    await pause(server, 0, 'warm');
    const start = performance.now();
    await Promise.all(Array.from({ length: 20 }, () => pause(server, 500, 'slow')));
    expect(performance.now() - start).toBeLessThan(5000);
  });

  test('gets responses to waiting calls before a server closes', async () => {
    const { server } = await create('http-lab', LAB);
    await pause(server, 0, 'warm');
    const calls = Array.from({ length: 5 }, () => pause(server, 50, 'slow'));
    // All five have arrived before the server is closed.
    await pause(server, 0, 'other');
    await server.close(10_000);
    for (const text of await Promise.all(calls)) expect(text).toMatch(/^\d+ ms$/);
  });

  test('may have a limited number of calls waiting', async () => {
    const { server } = await create('http-lab', { ...LAB, queueLimit: 3 });
    await pause(server, 0, 'warm');
    const calls = Array.from({ length: 6 }, () => pause(server, 150, 'slow'));
    const texts = await Promise.all(calls);
    expect(texts.filter((text) => / ms$/.test(text))).toHaveLength(4);
    expect(texts.filter((text) => /too many requests of the session/.test(text))).toHaveLength(2);
  });
});
