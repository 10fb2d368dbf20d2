import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fixture, type ServeProcess, serve, temporaryFolder } from '../support/command.ts';
import { callTool, initialize } from '../support/mcp.ts';
import { expectBothTold, serveWatchers } from '../support/watchers.ts';

const CALLS = 40;

function start(path: string, guest = 'notes-draft'): Promise<ServeProcess> {
  return serve(fixture(guest), ['--mcp', 'guide', '--store', `sqlite:${path}`, '--timeout', '60s']);
}

test('calls of one session through two processes on one file run one after another', async () => {
  const path = join(temporaryFolder(), 'store.db');
  const servers = [await start(path), await start(path, 'notes-draft2')] as const;
  const session = await initialize(servers[0].url);
  const counts = await Promise.all(
    Array.from({ length: CALLS }, (_, n) => callTool(servers[n % 2]!.url, session, 'counter')),
  );
  expect(new Set(counts)).toEqual(new Set(Array.from({ length: CALLS }, (_, n) => String(n + 1))));
  for (const server of servers) expect(await server.stop()).toMatchObject({ status: 0 });
}, 120_000);

test('watchers in two processes on one file are notified of the changes of both, and not of those of watchers', async () => {
  const store = `sqlite:${join(temporaryFolder(), 'store.db')}`;
  await expectBothTold(await serveWatchers(['--store', store]));
}, 60_000);
