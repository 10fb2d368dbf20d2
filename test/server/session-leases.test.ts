import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { connect } from '../../host/keyvalue/sqlite/connection.ts';
import { createServer, loadComponent, openStore, type Server, type Store } from '../../src/index.ts';
import { fixture, temporaryFolder } from '../support/command.ts';
import { callTool, initialize, rpc } from '../support/mcp.ts';

interface Setting {
  readonly url: string;
  readonly path: string;
  /** The next `set` of a guest to such a key waits: settles when it has begun. The returned function lets it continue. */
  holdSet(key?: RegExp): Promise<() => void>;
}

/** A server whose writes can be held up, on a store in a file. */
async function start(): Promise<Setting> {
  const path = join(temporaryFolder(), 'store.db');
  const store = await openStore(`sqlite:${path}`, { durability: 'process' });
  const held: { key: RegExp; begun: () => void; gate: Promise<void> }[] = [];
  const slow: Store = {
    ...store,
    async set(...args) {
      const next = held[0]?.key.test(args[1]) ? held.shift() : undefined;
      next?.begun();
      await next?.gate;
      await store.set(...args);
    },
  };
  const component = await loadComponent(fixture('notes-draft'));
  const server: Server = createServer(component, { store: slow, mcp: 'guide' });
  const url = await server.listen(0);
  onTestFinished(async () => {
    await server.close();
    await store.close();
  });
  return {
    url,
    path,
    async holdSet(key = /./) {
      const begun = Promise.withResolvers<void>();
      const gate = Promise.withResolvers<void>();
      held.push({ key, begun: begun.resolve, gate: gate.promise });
      await begun.promise;
      return gate.resolve;
    },
  };
}

/** Takes the leases away, as another program does after the life of the holder. */
function takeAway(path: string): void {
  const database = connect(path, 1000);
  expect(database.prepare('UPDATE lease SET holder = ?, token = token + 1000').run('another').changes).toBe(
    1,
  );
  database.close();
}

test('a request that has lost the lease of its session fails, writes nothing, and says so', async () => {
  const { url, path, holdSet } = await start();
  const session = await initialize(url);
  expect(await callTool(url, session, 'counter')).toBe('1');
  const call = rpc(url, 'tools/call', { name: 'counter', arguments: {} }, session);
  const proceed = await holdSet();
  takeAway(path);
  proceed();
  expect(await call).toMatchObject({
    // The guest had begun its stream.
    status: 200,
    body: {
      error: { code: -32000, message: expect.stringMatching(/^the lease on ".*" was lost/) as unknown },
    },
  });
  expect(await callTool(url, session, 'counter')).toBe('2');
});

test('an unknown session and one without a lease share nothing', async () => {
  const { url, path } = await start();
  const session = await initialize(url);
  await callTool(url, session, 'counter');
  expect((await rpc(url, 'tools/list', {}, 'no-uuid')).status).toBe(404);
  const database = connect(path, 1000);
  expect(database.prepare('SELECT bucket, name FROM lease').all()).toEqual([
    { bucket: 'default', name: session },
  ]);
  database.close();
});

/** The sessions with a lease. */
function leased(path: string): unknown[] {
  const database = connect(path, 1000);
  const names = database.prepare('SELECT name FROM lease').pluck().all();
  database.close();
  return names;
}

test('a request that opens its session needs no lease if its response leaves when the guest has finished', async () => {
  const { url, path } = await start();
  // The first guests take so long, while V8 compiles their code, that they may be suspended before they have finished.
  for (let n = 0; n < 10; n += 1) await rpc(url, 'tools/list');
  const { status, session } = await rpc(url, 'tools/list');
  expect([status, session, leased(path)]).toEqual([
    200,
    expect.any(String),
    expect.not.arrayContaining([session]),
  ]);
  await rpc(url, 'tools/list', {}, session);
  expect(leased(path)).toContain(session);
});

test('the response of such a request leaves with a lease if its guest has not finished', async () => {
  const { url, path, holdSet } = await start();
  const held = holdSet(/:counter$/);
  const response = await fetch(`${url}/mcp`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'counter' } }),
  });
  expect(leased(path)).toEqual([response.headers.get('mcp-session-id')]);
  (await held)();
  expect(await response.text()).toMatch(/"text":"1"/);
});
