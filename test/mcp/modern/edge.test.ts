import { describe, expect, test } from 'vitest';
import { rpc } from '../../support/mcp.ts';
import {
  CAPABILITIES,
  callModern,
  LOG_LEVEL,
  type ModernRequest,
  modern,
  modernText,
  VERSION,
} from '../../support/modern.ts';
import { listen, share } from '../../support/serving.ts';

const SERVER = { 'io.modelcontextprotocol/serverInfo': { name: 'notes', version: '0.1.0' } };

describe('in front of a guest of 2025-11-25', () => {
  const served = share('notes-draft', { mcp: 'guide' });
  const ask = (request: ModernRequest) => modern(served.url, request);

  test('server/discover describes the guest by its own initialize', async () => {
    const { status, body } = await ask({ method: 'server/discover' });
    expect(status).toBe(200);
    expect(body).toEqual({
      jsonrpc: '2.0',
      id: 1,
      result: {
        resultType: 'complete',
        ttlMs: 0,
        cacheScope: 'public',
        supportedVersions: ['2026-07-28'],
        capabilities: {
          ...{ tools: {}, resources: {}, prompts: {}, completions: {}, logging: {} },
          extensions: { 'io.modelcontextprotocol/tasks': {} },
        },
        _meta: SERVER,
      },
    });
  });

  test('results have a type, hints for caches where the revision wants them, and the name of the server', async () => {
    const call = await callModern(served.url, 'test_simple_text');
    expect(call.body.result).toMatchObject({ resultType: 'complete', _meta: SERVER });
    expect(call.body.result).not.toHaveProperty('ttlMs');
    expect(call.headers.get('content-type')).toBe('application/json');
    const list = await ask({ method: 'tools/list' });
    expect(list.body.result).toMatchObject({ resultType: 'complete', ttlMs: 0, cacheScope: 'public' });
    const authorized = await ask({ method: 'tools/list', headers: { authorization: 'Bearer x' } });
    expect(authorized.body.result.cacheScope).toBe('private');
  });

  test('no session is opened for the client, and a session that it names is ignored', async () => {
    const { session } = await rpc(served.url, 'tools/call', { name: 'counter', arguments: {} });
    const first = await callModern(served.url, 'counter', {}, { headers: { 'mcp-session-id': session } });
    expect(first.headers.has('mcp-session-id')).toBe(false);
    expect(first.body.result.content[0].text).toBe('1');
    expect((await callModern(served.url, 'counter')).body.result.content[0].text).toBe('1');
    const old = await rpc(served.url, 'tools/call', { name: 'counter', arguments: {} }, session);
    expect(old.body.result.content[0].text).toBe('2');
  });

  test('progress is streamed to the client that asked for it, and logging only at the level that it asked for', async () => {
    const { messages, headers } = await callModern(
      served.url,
      'test_tool_with_progress',
      {},
      {
        meta: { progressToken: 7 },
      },
    );
    expect(headers.get('content-type')).toBe('text/event-stream');
    expect(headers.get('x-accel-buffering')).toBe('no');
    expect(messages.map(({ params, id }) => params?.progress ?? id)).toEqual([0, 50, 100, 1]);
    const silent = await callModern(served.url, 'test_tool_with_logging');
    expect(silent.messages).toHaveLength(1);
    const higher = await callModern(
      served.url,
      'test_tool_with_logging',
      {},
      { meta: { [LOG_LEVEL]: 'error' } },
    );
    expect(higher.messages).toHaveLength(1);
    const told = await callModern(
      served.url,
      'test_tool_with_logging',
      {},
      { meta: { [LOG_LEVEL]: 'info' } },
    );
    expect(told.messages.map(({ method }) => method)).toEqual([
      ...Array(3).fill('notifications/message'),
      undefined,
    ]);
  });

  test('the guest learns what its client can be asked', async () => {
    const args = { prompt: 'Hi' };
    const { body } = await callModern(served.url, 'test_sampling', args, {
      meta: { [CAPABILITIES]: { elicitation: {} } },
    });
    expect(body.result).toMatchObject({ isError: true });
    expect(body.result.content[0].text).toContain('does not take sampling/createMessage');
    const able = await callModern(served.url, 'test_sampling', args, {
      meta: { [CAPABILITIES]: { sampling: {} } },
    });
    expect(able.body.result.resultType).toBe('input_required');
  });

  test('errors of the guest become those of the revision', async () => {
    const missing = await ask({ method: 'resources/read', params: { uri: 'test://nowhere' } });
    expect([missing.status, missing.body.error.code]).toEqual([200, -32602]);
    const unknown = await ask({ method: 'unknown/method', id: 'a' });
    expect([unknown.status, unknown.body.error.code, unknown.body.id]).toEqual([404, -32601, 'a']);
  });

  test.each([
    'initialize',
    'ping',
    'logging/setLevel',
    'resources/subscribe',
    'subscriptions/listen',
    'tasks/list',
  ])('there is no %s', async (method) => {
    const { status, body } = await ask({ method, params: { uri: 'test://watched-resource' } });
    expect([status, body.error.code]).toEqual([404, -32601]);
  });

  test.each(['GET', 'DELETE'])('%s is not allowed', async (method) => {
    const headers = { 'mcp-protocol-version': '2026-07-28', accept: 'text/event-stream' };
    const response = await fetch(`${served.url}/mcp`, { method, headers });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  });

  test('a notification is accepted, and nothing comes of it', async () => {
    const { headers, body } = modernText({ method: 'notifications/cancelled' });
    const { id: _, ...notification } = JSON.parse(body);
    const sent = { method: 'POST', headers, body: JSON.stringify(notification) };
    const response = await fetch(`${served.url}/mcp`, sent);
    expect([response.status, await response.text()]).toEqual([202, '']);
  });

  /** Name, what is wrong, the code. Each has the status 400. */
  const wrong: [string, Partial<ModernRequest>, number][] = [
    ['no version in the headers', { headers: { 'mcp-protocol-version': undefined } }, -32020],
    ['an older version in the headers', { headers: { 'mcp-protocol-version': '2025-06-18' } }, -32020],
    ['another version in the body', { meta: { [VERSION]: '2026-09-09' } }, -32020],
    [
      'a version of the future',
      { meta: { [VERSION]: '2027-01-01' }, headers: { 'mcp-protocol-version': '2027-01-01' } },
      -32022,
    ],
    ['no version in the body', { meta: { [VERSION]: undefined } }, -32602],
    ['no capabilities', { meta: { [CAPABILITIES]: undefined } }, -32602],
    ['capabilities that are a list', { meta: { [CAPABILITIES]: [] } }, -32602],
    ['an unknown level', { meta: { [LOG_LEVEL]: 'loud' } }, -32602],
    ['no Mcp-Method', { headers: { 'mcp-method': undefined } }, -32020],
    ['another Mcp-Method', { headers: { 'mcp-method': 'tools/list' } }, -32020],
    ['another case in Mcp-Method', { headers: { 'mcp-method': 'TOOLS/CALL' } }, -32020],
    ['no Mcp-Name', { headers: { 'mcp-name': undefined } }, -32020],
    ['another Mcp-Name', { headers: { 'mcp-name': 'counter' } }, -32020],
    [
      'Mcp-Name in bad base64',
      {
        headers: {
          'mcp-name': `=?base64?${Buffer.from('test_simple_text').toString('base64').replaceAll('=', '')}?=`,
        },
      },
      -32020,
    ],
    ['Mcp-Name in base64 that is not UTF-8', { headers: { 'mcp-name': '=?base64?/w==?=' } }, -32020],
    ['an empty Mcp-Name', { headers: { 'mcp-name': '' } }, -32020],
    ['an id that is null', { id: null }, -32600],
    ['an id that is a fraction', { id: 1.5 }, -32600],
  ];

  test.each(wrong)('%s is refused', async (_, falsified, code) => {
    const request = {
      method: 'tools/call',
      params: { name: 'test_simple_text', arguments: {} },
      ...falsified,
    };
    const { status, body } = await ask(request);
    expect([status, body.error.code]).toEqual([400, code]);
    if (code !== -32600) expect(body.id).toBe(1);
  });

  test('the error for an unknown version lists those that are known', async () => {
    const headers = { 'mcp-protocol-version': 'v9' };
    const { body } = await ask({ method: 'tools/list', meta: { [VERSION]: 'v9' }, headers });
    expect(body.error.data).toEqual({ supported: ['2026-07-28'], requested: 'v9' });
  });

  test('names beyond ASCII are compared decoded', async () => {
    const name = Buffer.from('nöte').toString('base64');
    const { status, body } = await callModern(
      served.url,
      'nöte',
      {},
      { headers: { 'mcp-name': `=?base64?${name}?=` } },
    );
    expect([status, body.error.message]).toEqual([200, 'unknown tool nöte']);
  });

  test('a body of an older client that only mentions the revision is not read as one', async () => {
    const text = `io.modelcontextprotocol/protocolVersion`;
    const { body } = await rpc(served.url, 'tools/call', { name: 'cart_add', arguments: { item: text } });
    expect(body.result.content[0].text).toBe(text);
  });
});

test('what is not JSON, or not a message, is refused', async () => {
  const { url } = await listen('notes-draft', { mcp: 'guide' });
  const { headers } = modernText({ method: 'tools/list' });
  for (const [body, code] of [
    ['{', -32700],
    ['[]', -32600],
    ['{"jsonrpc":"2.0","id":1,"result":{}}', -32600],
  ] as const) {
    const response = await fetch(`${url}/mcp`, { method: 'POST', headers, body });
    expect([response.status, (await response.json()).error.code]).toEqual([400, code]);
  }
});

test('strict serves the revision too, and off leaves it to the guest', async () => {
  const strict = await listen('notes-draft', { mcp: 'strict' });
  expect((await callModern(strict.url, 'counter')).body.result).toMatchObject({ resultType: 'complete' });
  const off = await listen('notes-draft', { mcp: 'off' });
  expect((await callModern(off.url, 'counter')).body.error.message).toContain('unsupported protocol version');
});
