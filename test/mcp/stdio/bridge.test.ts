import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createServer, loadComponent, type Server } from '../../../src/index.ts';
import { fixture } from '../../support/command.ts';
import { rawGlue } from '../../support/raw-glue.ts';
import { connect, type Json } from './client.ts';
import { events, json, server } from './replies.ts';

describe('responses', () => {
  test('arrive in the order in which they are ready, one for each pipelined request', async () => {
    const waiting: (() => void)[] = [];
    const client = connect(
      server({
        slow: ({ id }) => new Promise((resolve) => waiting.push(() => resolve(json({ id, result: 'slow' })))),
        quick: ({ id }) => json({ id, result: 'quick' }),
      }),
    );
    client.send({ id: 1, method: 'slow' }, { id: 'two', method: 'quick' });
    expect(await client.next()).toMatchObject({ id: 'two', result: 'quick' });
    for (const answer of waiting) answer();
    expect(await client.end()).toMatchObject([{ id: 1, result: 'slow' }]);
  });

  test('keep their bytes, except for line breaks', async () => {
    const pretty = '{\r\n  "jsonrpc": "2.0",\n  "id": 1,\n  "result": 12345678901234567890\n}\n';
    const client = connect(server({ pretty: () => new Response(pretty) }));
    client.send({ id: 1, method: 'pretty' });
    client.input.end();
    await client.finished;
    expect(String(client.output.read())).toBe(
      '{   "jsonrpc": "2.0",   "id": 1,   "result": 12345678901234567890 }\n',
    );
  });

  test('streams carry requests and notifications of the server, and the client can respond', async () => {
    const answered = Promise.withResolvers<Json>();
    const client = connect(async (request) => {
      const message = await request.json();
      if (message.result !== undefined) {
        answered.resolve(message);
        return new Response(null, { status: 202 });
      }
      const encode = (value: object): string => `event: message\r\ndata: ${JSON.stringify(value)}\r\n\r\n`;
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
      const writer = writable.getWriter();
      const write = (text: string): Promise<void> => writer.write(new TextEncoder().encode(text));
      void (async () => {
        const progress = encode({ jsonrpc: '2.0', method: 'notifications/progress', params: {} });
        // Servers may begin with an event that carries an id for resuming, and no message.
        await write('id: 0\r\ndata: \r\n\r\n');
        await write(progress.slice(0, 30));
        await write(progress.slice(30));
        await write(
          `: still here\r\n\r\n${encode({ jsonrpc: '2.0', id: 'ask', method: 'sampling/createMessage' })}`,
        );
        const { result } = await answered.promise;
        await write(encode({ jsonrpc: '2.0', id: message.id, result }));
        await writer.close();
      })();
      return new Response(readable, { headers: { 'content-type': 'text/event-stream; charset=utf-8' } });
    });
    client.send({ id: 1, method: 'tools/call' });
    expect(await client.next()).toMatchObject({ method: 'notifications/progress' });
    expect(await client.next()).toMatchObject({ id: 'ask', method: 'sampling/createMessage' });
    client.send({ id: 'ask', result: 'from the client' });
    expect(await client.next()).toEqual({ jsonrpc: '2.0', id: 1, result: 'from the client' });
    expect(await client.end()).toEqual([]);
  });

  test('notifications and responses get none, whatever the server returns', async () => {
    const client = connect(
      server({
        'notifications/odd': () => json({ id: 9, result: {} }),
        refused: () => json({}, { status: 400 }),
      }),
    );
    client.send({ method: 'notifications/odd' }, { method: 'refused' }, { id: 5, result: {} });
    expect(await client.end()).toEqual([]);
    expect(client.log.join()).toContain('refused failed');
  });

  test('a request gets one response, and only its own', async () => {
    const client = connect(
      server({
        twice: ({ id }) =>
          events({ id, result: 'first' }, { id, result: 'second' }, { id: 'other', result: 'foreign' }),
        never: () => events({ id: 'other', result: 'foreign' }),
      }),
    );
    client.send({ id: 1, method: 'twice' });
    expect(await client.next()).toMatchObject({ id: 1, result: 'first' });
    client.send({ id: 2, method: 'never' });
    expect(await client.end()).toMatchObject([{ id: 2, error: { code: -32603 } }]);
  });

  test('a batch is passed on as one, and each of its requests gets a response', async () => {
    const client = connect(async () => new Response('[{"jsonrpc":"2.0","id":1,"result":{}}]'));
    client.send('[{"jsonrpc":"2.0","id":1,"method":"a"},{"jsonrpc":"2.0","id":2,"method":"b"}]');
    expect(await client.next()).toMatchObject([{ id: 1, result: {} }]);
    expect(await client.end()).toMatchObject([{ id: 2, error: { code: -32603 } }]);
  });

  test('an error without an id becomes the error of the request', async () => {
    const error = { code: -32700, message: 'Session error: ID required' };
    const client = connect(server({ ping: () => json({ id: null, error }, { status: 400 }) }));
    client.send({ id: 7, method: 'ping' });
    expect(await client.end()).toEqual([
      { jsonrpc: '2.0', id: 7, error: { code: -32603, message: 'Session error: ID required' } },
    ]);
  });
});

describe('input that is not a message', () => {
  test('gets an error, and the next line is read', async () => {
    const client = connect(server({ ping: ({ id }) => json({ id, result: {} }) }));
    client.input.write('{"jsonrpc":"2.0","id":1,\n[]\n"text"\n\n\r\n');
    client.input.write(Buffer.from([0x22, 0xff, 0x22, 0x0a]));
    client.send({ id: 2, method: 'ping' });
    const lines = await client.end();
    expect(lines.map(({ id, error }) => [id, error?.code])).toEqual([
      [null, -32700],
      [null, -32600],
      [null, -32600],
      [null, -32700],
      [2, undefined],
    ]);
  });

  test('a line above the limit is refused, with the limit, and not buffered', async () => {
    const client = connect(server({ ping: ({ id }) => json({ id, result: {} }) }), { maxLine: 100 });
    client.send('x'.repeat(1000), { id: 1, method: 'ping' });
    expect(await client.next()).toMatchObject({
      id: null,
      error: { code: -32700, message: expect.stringContaining('100 bytes') },
    });
    client.input.end(JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'ping' }));
    expect(await client.end()).toMatchObject([{ id: 1 }, { id: 2 }]);
  });
});

describe('a guest that fails', () => {
  let guest: Server;
  beforeAll(async () => {
    guest = createServer(await loadComponent(fixture('misbehave')), { store: 'memory:', timeout: 500 });
  });
  afterAll(() => guest.close(0));

  /** Each method is one of its routes. */
  async function route(request: Request): Promise<Response> {
    const { method } = await request.json();
    return guest.fetch(new Request(`http://localhost/${method}`, { method: 'POST', body: '{}' }));
  }

  test.each([
    ['trap', /failed \(HTTP 500\)/],
    ['no-answer', /failed \(HTTP 500\)/],
    ['exit?code=0', /failed \(HTTP 500\)/],
    ['sleep-forever', /in time \(HTTP 504\)/],
    ['trap-after-start', /ended its response early/],
    ['ok', /other than JSON/],
    ['no such route', /no response \(HTTP 404\)/],
    ['spin', /in time \(HTTP 504\)/],
  ])('%s: the request gets an error with the reason', async (method, message) => {
    const client = connect(route);
    client.send({ id: method, method });
    expect(await client.end()).toEqual([
      { jsonrpc: '2.0', id: method, error: { code: -32603, message: expect.stringMatching(message) } },
    ]);
  });
});

// Raw glue cannot be suspended in its own code.
test.skipIf(rawGlue)('a message after one whose guest loops is served meanwhile', async () => {
  const guest = createServer(await loadComponent(fixture('misbehave')), { store: 'memory:', timeout: 2000 });
  onTestFinished(() => guest.close(0));
  const client = connect(async (request) => {
    const { id, method } = await request.json();
    const response = await guest.fetch(new Request(`http://localhost/${method}`));
    return json({ id, result: response.status });
  });
  client.send({ id: 1, method: 'spin' }, { id: 2, method: 'ok' });
  expect(await client.next()).toMatchObject({ id: 2, result: 200 });
  expect(await client.end()).toMatchObject([{ id: 1, result: 504 }]);
});
