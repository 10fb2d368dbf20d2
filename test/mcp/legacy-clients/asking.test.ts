import { describe, expect, test } from 'vitest';
import { listen, share } from '../../support/serving.ts';
import { connect, type LegacyClient } from './legacy.ts';

const server = share('modern', { mcp: 'guide' });

const ALL = { sampling: {}, elicitation: {}, roots: {} };

function call(client: LegacyClient, name: string, args: object = {}) {
  return client.request('tools/call', { name, arguments: args });
}

const elicited = (content: object) => ({ action: 'accept', content });

describe('a guest of 2026-07-28 that needs something of a client with a session', () => {
  test('asks it in the stream of the call, and gets its response with the retry', async () => {
    const client = await connect(server.url, ALL);
    const response = await call(client, 'test_input_required_result_elicitation');
    const { id, method, params } = await response.next();
    expect([method, params.message]).toEqual(['elicitation/create', 'What is your name?']);
    const accepted = await client.post({ jsonrpc: '2.0', id, result: elicited({ name: 'Ada' }) });
    expect(accepted.status).toBe(202);
    const { result } = await response.next();
    expect(result).toEqual({ content: [{ type: 'text', text: 'Hello, Ada!' }] });
    expect(await response.next()).toBeUndefined();
  });

  test('asks several things at once, and waits for all of them', async () => {
    const client = await connect(server.url, ALL);
    const response = await call(client, 'test_input_required_result_multiple_inputs');
    const asked = [await response.next(), await response.next(), await response.next()];
    const answers: Record<string, object> = {
      'elicitation/create': elicited({ name: 'Ada' }),
      'sampling/createMessage': { role: 'assistant', model: 'm', content: { type: 'text', text: 'Hi' } },
      'roots/list': { roots: [] },
    };
    for (const { id, method } of asked.reverse()) {
      await client.post({ jsonrpc: '2.0', id, result: answers[method] });
    }
    expect((await response.next()).result.content[0].text).toBe('everything was answered');
  });

  test('asks again with what it learned, in its own state', async () => {
    const client = await connect(server.url, ALL);
    const response = await call(client, 'test_input_required_result_multi_round');
    await client.post({ jsonrpc: '2.0', id: (await response.next()).id, result: elicited({ name: 'Ada' }) });
    await client.post({ jsonrpc: '2.0', id: (await response.next()).id, result: elicited({ color: 'red' }) });
    expect((await response.next()).result.content[0].text).toBe('Ada likes red');
  });

  test('asks for a prompt as for a tool', async () => {
    const client = await connect(server.url, ALL);
    const response = await client.request('prompts/get', { name: 'test_input_required_result_prompt' });
    await client.post({ jsonrpc: '2.0', id: (await response.next()).id, result: elicited({ context: 'x' }) });
    expect((await response.next()).result.messages[0].content.text).toBe('Use this context: x');
  });

  test('does not ask what the client cannot answer', async () => {
    const { error } = await (await call(await connect(server.url), 'test_roots')).last();
    expect(error.data).toEqual({ requiredCapabilities: { roots: {} } });
  });

  test('hears nothing of a client that refuses: its call ends with an error', async () => {
    const client = await connect(server.url, ALL);
    const response = await call(client, 'test_sampling', { prompt: 'a' });
    const { id } = await response.next();
    await client.post({ jsonrpc: '2.0', id, error: { code: -1, message: 'not today' } });
    expect((await response.next()).error.message).toBe(
      'the client refused "sampling/createMessage": not today',
    );
  });

  test('takes no response of another client, nor one with another token', async () => {
    const client = await connect(server.url, ALL, { authorization: 'Bearer a' });
    const other = await connect(server.url, ALL, { authorization: 'Bearer a' });
    const response = await call(client, 'test_input_required_result_elicitation');
    const { id } = await response.next();
    const answer = { jsonrpc: '2.0', id, result: elicited({ name: 'Eve' }) };
    expect((await other.post(answer)).status).toBe(400);
    expect((await client.post(answer, { authorization: 'Bearer b' })).status).toBe(400);
    await client.post({ ...answer, result: elicited({ name: 'Ada' }) });
    expect((await response.next()).result.content[0].text).toBe('Hello, Ada!');
    expect((await client.post(answer)).status).toBe(400);
  });

  test('waits as long as --input-wait says', async () => {
    const { url } = await listen('modern', { mcp: 'guide', inputWait: 50 });
    const client = await connect(url, ALL);
    const response = await call(client, 'test_input_required_result_elicitation');
    const { id } = await response.next();
    const { error } = await response.next();
    expect(error.message).toBe(
      'the client did not respond to "elicitation/create" within 50 ms (--input-wait)',
    );
    expect((await client.post({ jsonrpc: '2.0', id, result: elicited({}) })).status).toBe(400);
  });

  test('holds no worker while its client thinks', async () => {
    const { url } = await listen('modern', { mcp: 'guide', workers: 1, liveLimit: 1, timeout: 10_000 });
    const client = await connect(url, ALL);
    const waiting = await Promise.all(
      Array.from({ length: 5 }, () => call(client, 'test_input_required_result_elicitation')),
    );
    const asked = await Promise.all(waiting.map((response) => response.next()));
    expect(await client.call('test_simple_text')).toContain('simple');
    for (const { id } of asked) await client.post({ jsonrpc: '2.0', id, result: elicited({ name: 'Ada' }) });
    for (const response of waiting)
      expect((await response.next()).result.content[0].text).toBe('Hello, Ada!');
  });
});
