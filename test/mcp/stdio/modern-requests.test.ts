import { expect, onTestFinished, test } from 'vitest';
import { createServer, loadComponent } from '../../../src/index.ts';
import { fixture } from '../../support/command.ts';
import { CAPABILITIES, VERSION } from '../../support/modern.ts';
import { connect, type Json, type StdioClient } from './client.ts';
import { json } from './replies.ts';

const META = { [VERSION]: '2026-07-28', [CAPABILITIES]: {} };

function request(id: unknown, method: string, params: Json = {}): object {
  return { id, method, params: { ...params, _meta: { ...META, ...params._meta } } };
}

function call(id: unknown, name: string, args: object = {}, meta: object = {}): object {
  return request(id, 'tools/call', { name, arguments: args, _meta: meta });
}

async function serve(name: string): Promise<StdioClient> {
  const component = await loadComponent(fixture(name));
  const server = createServer(component, { store: 'memory:', mcp: 'guide' });
  onTestFinished(() => server.close(0));
  return connect(server.fetch);
}

test('requests of 2026-07-28 have the headers that repeat what they say', async () => {
  const headers: Headers[] = [];
  const client = connect(async (one) => {
    headers.push(one.headers);
    const { id } = await one.json();
    return json({ id, result: {} });
  });
  client.send(
    call(1, 'tool ü'),
    request('a', 'resources/read', { uri: 'test://a' }),
    request(2, 'server/discover'),
  );
  expect((await client.end()).map(({ id }) => id).sort()).toEqual([1, 2, 'a']);
  expect(headers.map((one) => [one.get('mcp-method'), one.get('mcp-name')])).toEqual([
    ['tools/call', '=?base64?dG9vbCDDvA==?='],
    ['resources/read', 'test://a'],
    ['server/discover', null],
  ]);
  expect(new Set(headers.map((one) => one.get('mcp-protocol-version')))).toEqual(new Set(['2026-07-28']));
  expect(headers.every((one) => one.get('mcp-session-id') === null)).toBe(true);
});

test('a batch is refused, because that revision has none', async () => {
  const client = connect(async () => json({}));
  client.send(
    JSON.stringify(
      [request(1, 'tools/list'), request(2, 'tools/list')].map((one) => ({ jsonrpc: '2.0', ...one })),
    ),
  );
  expect(await client.end()).toMatchObject([
    { id: 1, error: { code: -32600 } },
    { id: 2, error: { code: -32600 } },
  ]);
});

test.each([
  ['2025-11-25', 'notes-draft'],
  ['2026-07-28', 'modern'],
])('a client of 2026-07-28 is served in front of a guest of %s', async (_, name) => {
  const client = await serve(name);
  client.send(request(1, 'server/discover'));
  expect((await client.next()).result.supportedVersions).toEqual(['2026-07-28']);
  client.send(call(2, 'counter'));
  expect((await client.next()).result).toMatchObject({ resultType: 'complete', content: [{ text: '1' }] });
  client.send(call(3, 'test_tool_with_progress', {}, { progressToken: 'p' }));
  expect((await client.next()).params).toMatchObject({ progressToken: 'p', progress: 0 });
  client.send({ ...request(4, 'tools/list'), params: { _meta: { ...META, [VERSION]: '2027-01-01' } } });
  const rest = await client.end();
  expect(rest.find(({ id }) => id === 4).error.code).toBe(-32022);
  expect(rest.find(({ id }) => id === 3).result.resultType).toBe('complete');
});

test('a tool whose arguments headers mirror can be called before it was listed', async () => {
  const client = await serve('modern');
  client.send(call(1, 'test_mirrored_region', { region: 'Zürich' }));
  expect((await client.next()).result.content[0].text).toBe('Zürich');
});

test('nothing follows a request that is cancelled, and the guest notices', async () => {
  const client = await serve('modern');
  client.send(call('slow', 'slow', { name: 'here', ms: 20_000 }, { progressToken: 1 }));
  expect((await client.next()).method).toBe('notifications/progress');
  client.send({ method: 'notifications/cancelled', params: { requestId: 'slow' } });
  let id = 0;
  await expect
    .poll(
      async () => {
        id += 1;
        client.send(call(id, 'left', { name: 'here' }));
        for (;;) {
          const message = await client.next();
          if (message.id === id) return message.result.content[0].text;
        }
      },
      { timeout: 10_000 },
    )
    .toBe('yes');
  expect((await client.end()).filter((message) => message.id === 'slow')).toEqual([]);
});

test('subscriptions last until they are cancelled, or the input ends', async () => {
  const client = await serve('modern');
  client.send(request('a', 'subscriptions/listen', { notifications: { toolsListChanged: true } }));
  expect((await client.next()).method).toBe('notifications/subscriptions/acknowledged');
  client.send(call(1, 'test_trigger_tool_change'));
  const both = [await client.next(), await client.next()];
  expect(both.find(({ method }) => method !== undefined)).toMatchObject({
    method: 'notifications/tools/list_changed',
    params: { _meta: { 'io.modelcontextprotocol/subscriptionId': 'a' } },
  });
  expect(await client.end()).toEqual([]);
});
