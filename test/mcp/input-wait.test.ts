import { describe, expect, test } from 'vitest';
import type { Server } from '../../src/index.ts';
import { INITIALIZE_PARAMS } from '../support/mcp.ts';
import { create } from '../support/serving.ts';

// biome-ignore lint/suspicious/noExplicitAny: protocol messages are looked at by tests only
type Json = any;

const BOTH = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

function post(server: Server, message: object, headers: Record<string, string> = {}): Promise<Response> {
  const body = JSON.stringify({ jsonrpc: '2.0', ...message });
  return server.fetch(
    new Request('http://localhost/mcp', { method: 'POST', headers: { ...BOTH, ...headers }, body }),
  );
}

/** A session of a client that supports elicitation. */
async function open(server: Server): Promise<Record<string, string>> {
  const params = { ...INITIALIZE_PARAMS, capabilities: { elicitation: {} } };
  const response = await post(server, { id: 0, method: 'initialize', params });
  await response.body?.cancel();
  return { 'mcp-session-id': response.headers.get('mcp-session-id')! };
}

const ELICITATION = {
  id: 'mine',
  method: 'tools/call',
  params: { name: 'test_elicitation', arguments: { message: 'Who are you?' } },
};

/** The messages of a stream, one after another. */
async function* messagesOf(response: Response): AsyncGenerator<Json> {
  let text = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const data = /^data: ?(\{.*)$/m.exec(text.slice(0, end))?.[1];
      text = text.slice(end + 2);
      if (data !== undefined) yield JSON.parse(data);
    }
  }
}

async function nextOf(messages: AsyncGenerator<Json>, matches: (message: Json) => boolean): Promise<Json> {
  for (;;) {
    const { value, done } = await messages.next();
    if (done) throw new Error('the stream ended');
    if (matches(value)) return value;
  }
}

const isQuestion = ({ method }: Json): boolean => method === 'elicitation/create';
const isAnswer = ({ id }: Json): boolean => id === 'mine';

describe('a guest that waits for its client', () => {
  test('is ended after --input-wait, with an error, whatever else the client sends', async () => {
    const { server } = await create('notes-draft', { mcp: 'guide', inputWait: 400, timeout: 60_000 });
    const session = await open(server);
    const messages = messagesOf(await post(server, ELICITATION, session));
    await nextOf(messages, isQuestion);
    let telling = true;
    const progress = (async () => {
      const notification = { method: 'notifications/progress', params: { progressToken: 1, progress: 1 } };
      while (telling) await (await post(server, notification, session)).body?.cancel();
    })();
    const { error } = await nextOf(messages, isAnswer);
    telling = false;
    await progress;
    expect(error).toEqual({
      code: -32000,
      message: 'the client did not respond to "elicitation/create" within 400 ms (--input-wait)',
    });
    expect(await messages.next()).toMatchObject({ done: true });
    // The guest has ended, and left the queue, long before its own time limit.
    const start = performance.now();
    const next = await post(server, { id: 'mine', method: 'tools/list' }, session);
    expect(await next.json()).toMatchObject({ id: 'mine', result: { tools: expect.any(Array) } });
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  test('continues when the client responds in time, without a further limit', async () => {
    const { server } = await create('notes-draft', { mcp: 'guide', inputWait: 20_000 });
    const session = await open(server);
    const messages = messagesOf(await post(server, ELICITATION, session));
    const { id } = await nextOf(messages, isQuestion);
    await post(server, { id, result: { action: 'accept', content: { username: 'ada' } } }, session);
    expect((await nextOf(messages, isAnswer)).result).toBeDefined();
  });

  test('gets the same error when the stream may not be silent for as long', async () => {
    const { server } = await create('notes-draft', { mcp: 'guide', streamIdle: 300, timeout: 1000 });
    const messages = messagesOf(await post(server, ELICITATION, await open(server)));
    await nextOf(messages, isQuestion);
    expect((await nextOf(messages, isAnswer)).error.message).toContain(
      'did not respond to "elicitation/create"',
    );
  });

  test('is ended for a client that accepts no streams, which never gets the request', async () => {
    const { server } = await create('notes-draft', { mcp: 'guide', inputWait: 300, timeout: 1000 });
    const response = await post(server, ELICITATION, { ...(await open(server)), accept: 'application/json' });
    expect(await response.json()).toMatchObject({ id: 'mine', error: { code: -32000 } });
  });
});
