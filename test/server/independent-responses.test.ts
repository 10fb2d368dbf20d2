import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openStore, type Server } from '../../src/index.ts';
import { temporaryFolder } from '../support/command.ts';
import { create, type ServingOptions } from '../support/serving.ts';

interface Setting {
  readonly server: Server;
  /** From now on, no response that waits for a sync can leave: another program has written, and the log is gone. */
  cut(): Promise<void>;
}

async function start(guest: string, options: ServingOptions = {}): Promise<Setting> {
  const path = join(temporaryFolder(), 'store.db');
  const { server } = await create(guest, { store: `sqlite:${path}`, workers: 1, mcp: 'off', ...options });
  expect((await ask(server, '/')).status).toBeLessThan(500);
  const other = await openStore(`sqlite:${path}`, { durability: 'process' });
  onTestFinished(() => other.close());
  return {
    server,
    async cut() {
      await other.set('default', 'key', new TextEncoder().encode('value'));
      rmSync(`${path}-wal`);
    },
  };
}

function ask(server: Server, path: string): Promise<Response> {
  return server.fetch(new Request(`http://localhost${path}`));
}

test.each([
  ['kv-draft', '/nothing', 404],
  ['http-lab', '/globals', 200],
  ['http-lab', '/env', 200],
])('%s: the response to %s does not wait for the disk', async (guest, path, status) => {
  const { server, cut } = await start(guest);
  await cut();
  expect((await ask(server, path)).status).toBe(status);
});

test.each(['/get?key=key', '/exists?key=key', '/list', '/get-many?key=key', '/increment?key=number'])(
  'a guest that used its store by %s has a response that waits',
  async (path) => {
    const { server, cut } = await start('kv-draft');
    await cut();
    expect((await ask(server, path)).status).toBe(503);
  },
);

test('a guest that read a file has a response that waits', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'note'), 'text');
  const { server, cut } = await start('http-lab', { directories: [{ host: folder, guest: '/files' }] });
  expect(await (await ask(server, '/fs?path=/files/note')).text()).toMatch('text');
  await cut();
  expect((await ask(server, '/fs?path=/files/note')).status).toBe(503);
});

test('a guest that sent a request has a response that waits', async () => {
  const { server, cut } = await start('http-lab');
  await cut();
  expect((await ask(server, '/outgoing?url=http://127.0.0.1:1/')).status).toBe(503);
});

test('a response that is sent in parts waits, whatever its guest did', async () => {
  const { server, cut } = await start('http-lab');
  await cut();
  expect((await ask(server, '/stream?n=3&ms=1&size=10')).status).toBe(503);
});

test.each([
  ['request', 'request', 404],
  ['fresh', 'fresh', 404],
  ['reuse', { reuse: 10 }, 503],
] as const)('isolation %s: what an earlier request may have left counts', async (_, isolation, status) => {
  const { server, cut } = await start('kv-draft', { isolation });
  await ask(server, '/get?key=key');
  await cut();
  expect((await ask(server, '/nothing')).status).toBe(status);
});
