import { describe, expect, test } from 'vitest';
import { callModern } from '../../support/modern.ts';
import { listen, share } from '../../support/serving.ts';
import { connect } from './legacy.ts';

const server = share('modern', { mcp: 'guide' });

describe('a client that begins with initialize, in front of a guest of 2026-07-28', () => {
  test('gets what the guest says of itself, and a session', async () => {
    const { initialized, session } = await connect(server.url);
    expect(initialized).toEqual({
      protocolVersion: '2025-11-25',
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { subscribe: true },
        completions: {},
        logging: {},
      },
      serverInfo: { name: 'modern', version: '0.1.0' },
      instructions: 'State is in arguments, not in sessions.',
    });
    expect(session).toMatch(/^[\x21-\x7e]+$/);
  });

  test.each([
    ['2024-11-05', '2024-11-05'],
    ['2025-06-18', '2025-06-18'],
    ['1999-01-01', '2025-11-25'],
  ])('that asks for %s gets %s', async (wanted, agreed) => {
    const { initialized } = await connect(server.url, {}, {}, wanted);
    expect(initialized.protocolVersion).toBe(agreed);
  });

  test('is described to the guest in each request, with what its requests say themselves', async () => {
    const client = await connect(server.url, {
      sampling: {},
      tasks: {},
      extensions: { 'io.modelcontextprotocol/tasks': {}, 'io.modelcontextprotocol/ui': {} },
    });
    const response = await client.request('tools/call', {
      name: 'whoami',
      arguments: {},
      _meta: { progressToken: 'p', own: 1 },
    });
    const { result } = await response.last();
    expect(JSON.parse(result.content[0].text)).toEqual({
      own: 1,
      progressToken: 'p',
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'old', version: '7' },
      'io.modelcontextprotocol/clientCapabilities': {
        sampling: {},
        extensions: { 'io.modelcontextprotocol/ui': {} },
      },
      'io.modelcontextprotocol/logLevel': 'info',
    });
  });

  test('gets results without what is new in them', async () => {
    const client = await connect(server.url);
    const { result } = await (await client.request('resources/read', { uri: 'test://static-text' })).last();
    expect(Object.keys(result)).toEqual(['contents']);
  });

  test('needs no session', async () => {
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 'a', method: 'ping' });
    await connect(server.url);
    const response = await fetch(`${server.url}/mcp`, { method: 'POST', headers, body });
    expect([response.status, await response.json()]).toEqual([200, { jsonrpc: '2.0', id: 'a', result: {} }]);
  });

  test('continues its session on another host, which has not seen an initialize', async () => {
    const { session, post } = await connect(server.url, { roots: {} });
    const { url } = await listen('modern', { mcp: 'guide' });
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-session-id': session,
      'mcp-protocol-version': '2025-11-25',
    };
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami', arguments: {} } };
    const there = await fetch(`${url}/mcp`, { method: 'POST', headers, body: JSON.stringify(call) });
    expect(await there.text()).toBe(JSON.stringify(await (await post(call)).last()));
  });

  test('hears of progress, and of log messages at the level that it sets', async () => {
    const client = await connect(server.url);
    const progress = await client.request('tools/call', {
      name: 'test_tool_with_progress',
      arguments: {},
      _meta: { progressToken: 7 },
    });
    expect((await progress.next()).params).toEqual({ progressToken: 7, progress: 0, total: 100 });
    await progress.last();
    const log = async (): Promise<unknown> =>
      (await (await client.request('tools/call', { name: 'test_logging_tool', arguments: {} })).next())
        .method;
    expect(await log()).toBe('notifications/message');
    expect(await (await client.request('logging/setLevel', { level: 'error' })).last()).toMatchObject({
      result: {},
    });
    expect(await log()).toBeUndefined();
    expect(await (await client.request('logging/setLevel', { level: 'loud' })).last()).toMatchObject({
      error: { code: -32602 },
    });
  });

  test('cancels a call, which the guest notices', async () => {
    const client = await connect(server.url);
    const params = {
      name: 'slow',
      arguments: { name: 'cancelled', ms: 20_000 },
      _meta: { progressToken: 1 },
    };
    const slow = await client.request('tools/call', params, 'the slow one');
    expect((await slow.next()).method).toBe('notifications/progress');
    const cancelled = { method: 'notifications/cancelled', params: { requestId: 'the slow one' } };
    expect((await client.post({ jsonrpc: '2.0', ...cancelled })).status).toBe(202);
    while ((await slow.next()) !== undefined);
    await expect.poll(() => client.call('left', { name: 'cancelled' }), { timeout: 10_000 }).toBe('yes');
  });

  test('sends the headers that mirror arguments of a tool, though nobody has listed it', async () => {
    const { url } = await listen('modern', { mcp: 'guide' });
    const client = await connect(url);
    expect(await client.call('test_mirrored_region', { region: 'Zürich' })).toBe('Zürich');
    expect(await client.call('test_mirrored_region', { region: 'eu' })).toBe('eu');
    expect(await client.call('test_mirrored_region')).toBe('null');
  });

  test('gets the errors of its revision', async () => {
    const client = await connect(server.url);
    const missing = await client.request('resources/read', { uri: 'test://none' });
    expect([missing.status, (await missing.last()).error.code]).toEqual([200, -32002]);
    const unknown = await client.request('tools/unknown');
    expect([unknown.status, (await unknown.last()).error.code]).toEqual([200, -32601]);
    const tool = await client.request('tools/call', { name: 'none', arguments: {} });
    expect([tool.status, (await tool.last()).error.code]).toEqual([200, -32602]);
    const needed = await client.request('tools/call', { name: 'test_missing_capability', arguments: {} });
    expect([needed.status, (await needed.last()).error.data]).toEqual([
      200,
      { requiredCapabilities: { sampling: {} } },
    ]);
  });

  test.each([
    ['of a session that is none', { 'mcp-session-id': 'x' }, 404],
    ['of a session that is forged', { 'mcp-session-id': 'mcp1.e30' }, 404],
    ['of a version that is none', { 'mcp-protocol-version': '2025-01-01' }, 400],
  ])('that sends a request %s is refused', async (_, headers, status) => {
    const client = await connect(server.url);
    const refused = await client.post({ jsonrpc: '2.0', id: 1, method: 'ping' }, headers);
    expect(refused.status).toBe(status);
  });

  test.each([
    ['no JSON', 'x', -32700],
    ['a batch', '[]', -32600],
    ['an id of a wrong type', '{"jsonrpc":"2.0","id":true,"method":"ping"}', -32600],
    ['parameters of a wrong type', '{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}', -32600],
    ['a response that nobody waits for', '{"jsonrpc":"2.0","id":"a","result":{}}', -32600],
  ])('that sends %s is refused', async (_, body, code) => {
    const refused = await (await connect(server.url)).post(body);
    expect([refused.status, (await refused.last()).error.code]).toEqual([400, code]);
  });

  test('cannot end its session, which is nothing that the host keeps', async () => {
    expect(await (await connect(server.url)).delete()).toBe(405);
  });

  test('does not keep clients of 2026-07-28 from the guest', async () => {
    await connect(server.url);
    const { body } = await callModern(server.url, 'test_simple_text');
    expect(body.result.resultType).toBe('complete');
  });
});
