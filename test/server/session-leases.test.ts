import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { connect } from '../../host/keyvalue/sqlite/connection.ts';
import { createServer, loadComponent, openStore, type Server, type Store } from '../../src/index.ts';
import { fixture, temporaryFolder } from '../support/command.ts';
import { callTool, initialize, rpc } from '../support/mcp.ts';

interface Setting {
  readonly url: string;
  readonly path: string;
  /** The next `set` of a guest waits: settles when it has begun. The returned function lets it continue. */
  holdSet(): Promise<() => void>;
}

/** A server whose writes can be held up, on a store in a file. */
async function start(): Promise<Setting> {
  const path = join(temporaryFolder(), 'store.db');
  const store = await openStore(`sqlite:${path}`, { durability: 'process' });
  const held: { begun: () => void; gate: Promise<void> }[] = [];
  const slow: Store = {
    ...store,
    async set(...args) {
      const next = held.shift();
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
    async holdSet() {
      const begun = Promise.withResolvers<void>();
      const gate = Promise.withResolvers<void>();
      held.push({ begun: begun.resolve, gate: gate.promise });
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
