import { expect, test } from 'vitest';
import { openStore } from '../../../src/index.ts';
import { createSessionMemory } from '../../../src/mcp/stdio/memory.ts';
import { connect, createMemory, INITIALIZE, INITIALIZED, type Json } from './client.ts';

interface Seen {
  readonly http: string;
  readonly method: string | undefined;
  readonly session: string | null;
  readonly version: string | null;
}

/** A server with sessions `s1`, `s2`, … that knows those in `known`. */
function createSessions(known = new Set<string>(), versions: readonly string[] = ['2025-06-18']) {
  const seen: Seen[] = [];
  let opened = 0;
  async function fetch(request: Request): Promise<Response> {
    const message: Json = request.method === 'POST' ? await request.json() : {};
    const session = request.headers.get('mcp-session-id');
    const version = request.headers.get('mcp-protocol-version');
    seen.push({ http: request.method, method: message.method, session, version });
    if (version !== null && !versions.includes(version)) return new Response('unsupported', { status: 400 });
    const answer = (result: object, headers = {}): Response =>
      new Response(JSON.stringify({ jsonrpc: '2.0', id: message.id, result }), { headers });
    if (message.method === 'initialize') {
      opened += 1;
      known.add(`s${opened}`);
      return answer({ protocolVersion: versions[0] }, { 'Mcp-Session-Id': `s${opened}` });
    }
    if (session === null) return new Response(null, { status: 400 });
    if (!known.has(session)) return new Response('gone', { status: 404 });
    if (request.method === 'DELETE') known.delete(session);
    return message.id === undefined ? new Response(null, { status: 202 }) : answer({ session });
  }
  return { fetch, seen, known };
}

test('requests after initialize name its session and the agreed version', async () => {
  const server = createSessions();
  const client = connect(server.fetch);
  client.send(INITIALIZE, INITIALIZED, { id: 1, method: 'ping' });
  await client.end();
  expect(server.seen).toEqual([
    { http: 'POST', method: 'initialize', session: null, version: '2025-06-18' },
    { http: 'POST', method: 'notifications/initialized', session: 's1', version: '2025-06-18' },
    { http: 'POST', method: 'ping', session: 's1', version: '2025-06-18' },
  ]);
});

test('a server that refuses the client’s version in the header is asked again without it', async () => {
  const server = createSessions(new Set(), ['2025-03-26']);
  const client = connect(server.fetch);
  client.send(INITIALIZE, { id: 1, method: 'ping' });
  expect(await client.end()).toMatchObject([
    { id: 'init', result: { protocolVersion: '2025-03-26' } },
    { id: 1 },
  ]);
  expect(server.seen.map(({ version }) => version)).toEqual(['2025-06-18', null, '2025-03-26']);
});

test('a returning client continues its session; the one opened meanwhile is ended', async () => {
  const memory = createMemory();
  const first = createSessions();
  const before = connect(first.fetch, { memory });
  before.send(INITIALIZE, INITIALIZED);
  await before.end();
  expect(memory.kept.get('test')).toBe('s1');

  const server = createSessions(new Set(['s1', 'old']));
  memory.kept.set('test', 'old');
  const client = connect(server.fetch, { memory });
  client.send(INITIALIZE, INITIALIZED, { id: 1, method: 'ping' });
  expect((await client.end()).at(-1)).toMatchObject({ id: 1, result: { session: 'old' } });
  expect(memory.kept.get('test')).toBe('old');
  expect([...server.known]).toEqual(['old']);
  expect(memory.forgotten).toEqual(['s1']);
});

test('a remembered session that the server no longer knows is replaced silently', async () => {
  const memory = createMemory();
  memory.kept.set('test', 'expired');
  const server = createSessions();
  const client = connect(server.fetch, { memory });
  client.send(INITIALIZE, { id: 1, method: 'ping' });
  expect((await client.end()).at(-1)).toMatchObject({ id: 1, result: { session: 's1' } });
  expect(memory.kept.get('test')).toBe('s1');
  expect(client.log.join()).toContain('expired');
});

test('a session that ends is replaced once for all requests that fail', async () => {
  const server = createSessions();
  const client = connect(server.fetch);
  client.send(INITIALIZE, INITIALIZED);
  await client.next();
  server.known.delete('s1');
  const ids = Array.from({ length: 20 }, (_, id) => id);
  client.send(...ids.map((id) => ({ id, method: 'ping' })));
  const answers = await client.end();
  expect(answers.map(({ id }) => id).sort((a, b) => a - b)).toEqual(ids);
  expect(answers.every(({ result }) => result?.session === 's2')).toBe(true);
  expect(server.seen.filter(({ method }) => method === 'initialize')).toHaveLength(2);
});

test('a request that fails after its session was replaced uses the new one', async () => {
  const server = createSessions();
  const late = Promise.withResolvers<void>();
  const client = connect(async (request) => {
    const slow = request.method === 'POST' && (await request.clone().json()).method === 'slow';
    const response = await server.fetch(request);
    if (slow && response.status === 404) await late.promise;
    return response;
  });
  client.send(INITIALIZE, INITIALIZED);
  await client.next();
  server.known.delete('s1');
  client.send({ id: 'late', method: 'slow' }, { id: 'early', method: 'ping' });
  expect(await client.next()).toMatchObject({ id: 'early', result: { session: 's2' } });
  late.resolve();
  expect(await client.end()).toMatchObject([{ id: 'late', result: { session: 's2' } }]);
});

test('--session resumes that session, and does not change the remembered one', async () => {
  const memory = createMemory();
  memory.kept.set('test', 'remembered');
  const server = createSessions(new Set(['given', 'remembered']));
  const client = connect(server.fetch, { memory, session: 'given' });
  client.send(INITIALIZE, { id: 1, method: 'ping' });
  expect((await client.end()).at(-1)).toMatchObject({ result: { session: 'given' } });
  const lost = connect(server.fetch, { memory, session: 'lost' });
  lost.send(INITIALIZE, { id: 1, method: 'ping' });
  expect((await lost.end()).at(-1)).toMatchObject({ result: { session: 's2' } });
  expect(memory.kept.get('test')).toBe('remembered');
});

test('if no other session can be opened the request fails, without further attempts', async () => {
  const server = createSessions();
  let broken = false;
  const client = connect((request) =>
    broken ? Promise.resolve(new Response(null, { status: 404 })) : server.fetch(request),
  );
  client.send(INITIALIZE, INITIALIZED);
  await client.next();
  broken = true;
  client.send({ id: 1, method: 'ping' });
  expect(await client.end()).toMatchObject([
    { id: 1, error: { code: -32603, message: expect.stringContaining('session') } },
  ]);
});

test('a server without sessions works without them', async () => {
  const seen: (string | null)[] = [];
  const client = connect(
    async (request) => {
      const { id } = await request.json();
      seen.push(request.headers.get('mcp-session-id'));
      return new Response(JSON.stringify({ jsonrpc: '2.0', id, result: { protocolVersion: '2025-06-18' } }));
    },
    { memory: { find: async () => 'old', keep: async () => {}, forget: async () => {} } },
  );
  client.send(INITIALIZE, { id: 1, method: 'ping' });
  await client.end();
  expect(seen).toEqual([null, null]);
});

test('a failing store loses the memory, not the session', async () => {
  const server = createSessions();
  const fail = async (): Promise<never> => {
    throw new Error('the disk is full');
  };
  const client = connect(server.fetch, { memory: { find: fail, keep: fail, forget: fail } });
  client.send(INITIALIZE, { id: 1, method: 'ping' });
  expect((await client.end()).at(-1)).toMatchObject({ result: { session: 's1' } });
  expect(client.log.join()).toContain('the disk is full');
});

test('sessions are remembered by server and client', async () => {
  const store = await openStore('memory:');
  const memory = createSessionMemory(store, '/a.wasm', 'default');
  await memory.keep('desktop', 's1');
  await memory.keep('desktop', 's2');
  expect(await memory.find('desktop')).toBe('s2');
  expect(await memory.find('editor')).toBeUndefined();
  expect(await createSessionMemory(store, '/b.wasm', 'default').find('desktop')).toBeUndefined();
  await store.close();
});
