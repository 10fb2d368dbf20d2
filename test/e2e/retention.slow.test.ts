import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openStore } from '../../host/index.ts';
import { put } from '../mcp/sessions/stored.ts';
import { fixture, type ServeProcess, serve, temporaryFolder } from '../support/command.ts';
import { callTool, initialize, rpc } from '../support/mcp.ts';

function adminOf(server: ServeProcess): string {
  return /^Serving .* on (http:\S+)\/$/m.exec(server.text.stderr)![1]!;
}

test('ended and expired sessions are purged after the retention, live ones and other keys stay, and it is logged', async () => {
  const url = `sqlite:${join(temporaryFolder(), 'store.db')}`;
  const store = await openStore(url, { durability: 'process' });
  onTestFinished(async () => store.close());
  const expired = await put(store, { expires_at: 1 }, 300);
  const elsewhere = await put(store, { expires_at: 1 }, 0, 'other');
  const server = await serve(fixture('notes-draft'), [
    ...['--mcp', 'guide', '--store', url],
    ...['--session-retention', '1s', '--admin-addr', '0'],
  ]);
  await server.told(/info: sessions: purged 1 \(301 keys\) of bucket "default"/);
  const [live, ended] = [await initialize(server.url), await initialize(server.url)];
  await callTool(server.url, live, 'counter');
  await callTool(server.url, live, 'total');
  await callTool(server.url, ended, 'end_session');
  const gone = async (id: string): Promise<boolean> => !(await store.exists('default', `${id}:__meta__`));
  while (!(await gone(ended))) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await gone(expired)).toBe(true);
  expect(await callTool(server.url, live, 'counter')).toBe('2');
  expect((await rpc(server.url, 'tools/list', {}, ended)).status).toBe(404);
  expect(await store.exists('default', 'total')).toBe(true);
  expect(await store.exists('other', `${elsewhere}:__meta__`)).toBe(true);
  const purged = async (): Promise<string> => (await fetch(`${adminOf(server)}/metrics`)).text();
  while (!(await purged()).includes('\nwasmcp_node_sessions_purged_total 2\n'));
  expect(await server.stop()).toMatchObject({ status: 0 });
});

test('off keeps all', async () => {
  const url = `sqlite:${join(temporaryFolder(), 'store.db')}`;
  const store = await openStore(url, { durability: 'process' });
  onTestFinished(async () => store.close());
  const id = await put(store, { expires_at: 1 });
  const server = await serve(fixture('notes-draft'), [
    ...['--mcp', 'guide', '--store', url, '--session-retention', 'off', '--admin-addr', '127.0.0.1:0'],
  ]);
  expect((await fetch(`${adminOf(server)}/readyz`)).status).toBe(200);
  // The purges of another retention would have been over by now.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(await store.exists('default', `${id}:__meta__`)).toBe(true);
});

test('an address in use ends the start', async () => {
  const first = await serve(fixture('notes-draft'), ['--store', 'memory:', '--admin-addr', ':0']);
  const address = new URL(adminOf(first)).host;
  const second = serve(fixture('notes-draft'), ['--store', 'memory:', '--admin-addr', address]);
  await expect(second).rejects.toThrow(
    /ended with 1: error: 127\.0\.0\.1:\d+ is already in use.* --admin-addr/,
  );
});
