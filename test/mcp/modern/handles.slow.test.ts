import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fixture, serve, temporaryFolder } from '../../support/command.ts';
import { callTool, rpc } from '../../support/mcp.ts';
import { callModern, modern } from '../../support/modern.ts';
import { listen, share } from '../../support/serving.ts';

const UNKNOWN = expect.stringContaining('there is no such session');
const ENDED = 'the session has ended; create_session creates another one';

interface Tool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: {
    readonly properties: Record<string, unknown>;
    readonly additionalProperties?: boolean;
  };
}

async function create(url: string): Promise<string> {
  const { body } = await callModern(url, 'create_session');
  return body.result.structuredContent.session_id;
}

/** The text that a tool returns in a session. */
async function call(url: string, session: unknown, name: string, args: object = {}): Promise<string> {
  const { body } = await callModern(url, name, { ...args, session_id: session });
  return body.result.content[0].text;
}

async function tools(url: string): Promise<Tool[]> {
  const { body } = await modern(url, { method: 'tools/list' });
  return body.result.tools;
}

describe('sessions as arguments of tools', () => {
  const served = share('notes-draft', { mcp: 'guide' });

  test('every tool has the argument, and one creates sessions', async () => {
    const all = await tools(served.url);
    for (const { name, inputSchema } of all) {
      if (name !== 'create_session') expect(inputSchema.properties).toHaveProperty('session_id');
    }
    expect(all.map(({ name }) => name)).toContain('create_session');
    // The guest has one of its own.
    expect(all.filter(({ name }) => name === 'end_session')).toHaveLength(1);
    const strict = all.find(({ name }) => name === 'json_schema_2020_12_tool')!;
    expect(strict.inputSchema.additionalProperties).toBe(false);
  });

  test('a call with a session finds its state, and one without finds none', async () => {
    const { url } = served;
    const [first, second] = [await create(url), await create(url)];
    expect(await call(url, first, 'counter')).toBe('1');
    expect(await call(url, first, 'counter')).toBe('2');
    expect(await call(url, second, 'counter')).toBe('1');
    expect((await callModern(url, 'counter')).body.result.content[0].text).toBe('1');
    expect(await call(url, null, 'counter')).toBe('1');
  });

  test('the guest does not see the argument, and gets the digits of all others', async () => {
    const session = await create(served.url);
    const params = `{"name":"json_schema_2020_12_tool","arguments":{"a":12345678901234567890,"session_id":"${session}"},`;
    const meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}`;
    const headers = {
      ...{ 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      ...{ 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call' },
      'mcp-name': 'json_schema_2020_12_tool',
    };
    const sent = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}${meta}}`;
    const response = await fetch(`${served.url}/mcp`, { method: 'POST', headers, body: sent });
    const { result } = await response.json();
    expect(result.content[0].text).toBe('{"a":12345678901234567890}');
  });

  test('calls in one session run one after another', async () => {
    const session = await create(served.url);
    await Promise.all(Array.from({ length: 200 }, () => call(served.url, session, 'counter')));
    expect(await call(served.url, session, 'counter')).toBe('201');
  });

  test('it is a session like any other', async () => {
    const session = await create(served.url);
    expect(await call(served.url, session, 'counter')).toBe('1');
    expect(await callTool(served.url, session, 'counter')).toBe('2');
  });

  test('what is no session or was made up is a tool error', async () => {
    const { url } = served;
    for (const wrong of [crypto.randomUUID(), 'x', '', 7, 'a b', 'ä', 'x'.repeat(300)]) {
      const { status, body } = await callModern(url, 'counter', { session_id: wrong });
      expect([status, body.result.isError, body.result.content[0].text]).toEqual([200, true, UNKNOWN]);
      expect(body.result.resultType).toBe('complete');
    }
  });

  test('a tool of the guest that ends its session ends this one', async () => {
    await tools(served.url);
    const session = await create(served.url);
    expect(await call(served.url, session, 'end_session')).toBe('the session has ended');
    expect(await call(served.url, session, 'counter')).toBe(ENDED);
  });

  test('one that its client has ended as sessions were ended is a tool error that says so', async () => {
    const session = await create(served.url);
    expect((await rpc(served.url, 'session/terminate', {}, session)).status).toBe(200);
    expect(await call(served.url, session, 'counter')).toBe(ENDED);
  });

  test('the official client uses it as any other argument', async () => {
    const client = new Client(
      { name: 'test', version: '1' },
      { versionNegotiation: { mode: { pin: '2026-07-28' } } },
    );
    await client.connect(new StreamableHTTPClientTransport(new URL(`${served.url}/mcp`)));
    onTestFinished(() => client.close());
    await client.listTools();
    const { structuredContent } = await client.callTool({ name: 'create_session', arguments: {} });
    const call = { name: 'counter', arguments: structuredContent as Record<string, unknown> };
    await client.callTool(call);
    expect((await client.callTool(call)).content).toEqual([{ type: 'text', text: '2' }]);
  });
});

test('the edge ends a session for a guest without a tool for it', async () => {
  const handleNames = { create: 'open.cart', end: 'close-cart', argument: 'cart' };
  const { url } = await listen('notes-draft', { mcp: 'guide', handleNames, stateLifetime: 90 * 60_000 });
  const opener = (await tools(url)).find(({ name }) => name === 'open.cart')!;
  expect(opener.description).toContain('ended with close-cart, or has not been used for 90 minutes');
  const { body } = await callModern(url, 'open.cart');
  const { cart } = body.result.structuredContent;
  const use = async (name: string, given: unknown = cart) =>
    (await callModern(url, name, { cart: given })).body.result.content[0].text;
  expect(await use('counter')).toBe('1');
  expect(await use('close-cart')).toBe('the session has ended');
  expect(await use('counter')).toBe('the session has ended; open.cart creates another one');
  expect(await use('close-cart')).toBe('the session has ended; open.cart creates another one');
  expect(await use('close-cart', null)).toEqual(UNKNOWN);
});

test('a tool of the guest is never shadowed, not even before anybody has listed it', async () => {
  const { url } = await listen('notes-draft', { mcp: 'guide' });
  // The guest's own, which needs no argument.
  expect((await callModern(url, 'end_session')).body.result.content[0].text).toBe('the session has ended');
});

test('a session goes on after the server was killed, and on another host', async () => {
  const store = `sqlite:${join(temporaryFolder(), 'store.db')}`;
  const first = await serve(fixture('notes-draft'), ['--mcp', 'guide', '--store', store]);
  const session = await create(first.url);
  expect(await call(first.url, session, 'counter')).toBe('1');
  const other = await serve(fixture('notes-draft'), ['--mcp', 'guide', '--store', store]);
  expect(await call(other.url, session, 'counter')).toBe('2');
  await first.stop('SIGKILL');
  await other.stop('SIGKILL');
  const second = await serve(fixture('notes-draft'), ['--mcp', 'guide', '--store', store]);
  expect(await call(second.url, session, 'counter')).toBe('3');
});

test.each([
  ['state: none', { mcp: 'guide', state: 'none' }],
  ['strict', { mcp: 'strict' }],
  ['guests without sessions', { mcp: 'guide', env: { WASMCP_SESSION_ENABLED: 'false' } }],
] as const)('there are none with %s', async (_, options) => {
  const { url } = await listen('notes-draft', options);
  const names = (await tools(url)).map(({ name }) => name);
  expect(names).not.toContain('create_session');
  expect((await callModern(url, 'create_session')).body.error.message).toContain('unknown tool');
});
