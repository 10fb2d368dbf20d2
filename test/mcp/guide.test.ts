import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createServer, openStore, type Server, type Store } from '../../src/index.ts';
import { component, create } from '../support/serving.ts';

interface Called {
  readonly status: number;
  /** The new session, if it is one. */
  readonly session: string;
  readonly text: string | undefined;
  readonly error: string | undefined;
}

/** Calls a tool as the guide's curl examples do. */
async function callTool(server: Server, name: string, args: object = {}, session = ''): Promise<Called> {
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } };
  const response = await server.fetch(
    new Request('http://localhost/mcp', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(session !== '' && { 'mcp-session-id': session }) },
      body: JSON.stringify(message),
    }),
  );
  const { result, error } = JSON.parse(await response.text());
  return {
    status: response.status,
    session: response.headers.get('mcp-session-id') ?? '',
    text: result?.content[0].text,
    error: error?.message,
  };
}

/**
 * What wasmcp's Sessions Guide says about sessions, on a guest that stores them in wasmcp's layout. The table in
 * docs/sessions.md names these tests.
 */
describe('the guide', () => {
  let store: Store;
  let server: Server;

  beforeAll(async () => {
    store = await openStore('memory:');
    server = createServer(await component('notes-draft'), { store, mcp: 'guide' });
  });

  afterAll(async () => {
    await server.close(0);
    await store.close();
  });

  function call(name: string, args: object = {}, session?: string): Promise<Called> {
    return callTool(server, name, args, session);
  }

  async function open(): Promise<string> {
    return (await call('cart_show')).session;
  }

  /** The stored value of a session's key: a tag, and the payload as text. */
  async function stored(session: string, key: string): Promise<[tag: number, payload: string] | undefined> {
    const value = await store.get('default', `${session}:${key}`);
    return value && [value[0]!, Buffer.from(value.subarray(1)).toString()];
  }

  async function metadata(session: string): Promise<Record<string, unknown>> {
    return JSON.parse((await stored(session, '__meta__'))![1]);
  }

  test('metadata: created_at, terminated, expires_at a day later', async () => {
    const before = Date.now();
    const { created_at, terminated, expires_at } = await metadata(await open());
    expect(created_at).toBeGreaterThanOrEqual(before);
    expect(terminated).toBe(false);
    expect(expires_at).toBe(Math.floor(Number(created_at) / 1000) + 24 * 60 * 60);
  });

  test('ending by a tool: the reason and the data are kept, later requests are 404', async () => {
    const session = await open();
    await call('cart_add', { item: 'apple' }, session);
    await call('end_session', { reason: 'logged out' }, session);
    expect(await metadata(session)).toMatchObject({ terminated: true, reason: 'logged out' });
    expect(await stored(session, 'cart')).toEqual([2, '["apple"]']);
    expect((await call('cart_show', {}, session)).status).toBe(404);
  });

  test('expiry: an expired session is 404, and a request without an id starts a new one', async () => {
    const session = await open();
    await call('cart_add', { item: 'apple' }, session);
    const meta = { ...(await metadata(session)), expires_at: Math.floor(Date.now() / 1000) - 1 };
    await store.set('default', `${session}:__meta__`, Buffer.from(`\x02${JSON.stringify(meta)}`));
    expect((await call('cart_show', {}, session)).status).toBe(404);
    expect(await call('cart_show')).toMatchObject({ status: 200, text: 'the cart is empty' });
  });

  test('counter', async () => {
    const { session, text } = await call('counter');
    expect([text, (await call('counter', {}, session)).text]).toEqual(['1', '2']);
    expect((await stored(session, 'counter'))?.[0]).toBe(3);
  });

  test('cart', async () => {
    const { session } = await call('cart_add', { item: 'apple' });
    expect((await call('cart_add', { item: 'banana' }, session)).text).toBe('apple, banana');
  });

  test('multi-step form', async () => {
    const { session } = await call('form_step', { field: 'name', value: 'Ada' });
    await call('form_step', { field: 'email', value: 'ada@example.com' }, session);
    const { text } = await call('form_submit', {}, session);
    expect(text).toBe('name: Ada\nemail: ada@example.com');
    expect((await call('form_step', { field: 'age', value: '36' }, session)).text).toBe('fields so far: age');
  });

  test('preferences: keys with colons, case-sensitive, of one session', async () => {
    const [mine, theirs] = [await open(), await open()];
    await call('preference_set', { name: 'ui:theme', value: 'dark' }, mine);
    await call('preference_set', { name: 'UI:Theme', value: 'light' }, mine);
    await call('preference_set', { name: 'ui:theme', value: 'blue' }, theirs);
    expect((await call('preference_get', { name: 'ui:theme' }, mine)).text).toBe('dark');
    expect((await call('preference_get', { name: 'UI:Theme' }, mine)).text).toBe('light');
    expect((await call('preference_get', { name: 'ui:theme' }, theirs)).text).toBe('blue');
    expect(await stored(mine, 'preference:ui:theme')).toEqual([1, 'dark']);
  });

  test('keys of 1 KB and values of 1 MB', async () => {
    const session = await open();
    const name = 'k'.repeat(1024 - 'preference:'.length);
    const value = 'v'.repeat(1024 * 1024);
    await call('preference_set', { name, value }, session);
    expect((await call('preference_get', { name }, session)).text).toBe(value);
  });

  test.each(['wrong type', 'no value at all'])(
    'type mismatch: %s is a response, and the session continues',
    async (what) => {
      const session = await open();
      const value = what === 'wrong type' ? '\x05\x01' : '\x09?';
      await store.set('default', `${session}:preference:theme`, Buffer.from(value));
      expect((await call('preference_get', { name: 'theme' }, session)).status).toBe(200);
      expect((await call('cart_show', {}, session)).text).toBe('the cart is empty');
    },
  );
});

test('a value that the store refuses is an error of the call, and the session continues', async () => {
  const { server } = await create('notes-draft', { mcp: 'guide', storeLimits: { maxValue: 1000 } });
  const { session } = await callTool(server, 'preference_set', { name: 'x', value: 'small' });
  const failed = await callTool(server, 'preference_set', { name: 'x', value: 'v'.repeat(2000) }, session);
  expect(failed.error).toMatch(/1000/);
  expect((await callTool(server, 'preference_get', { name: 'x' }, session)).text).toBe('small');
});
