import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fixture, type ServeProcess, serve, temporaryFolder } from '../support/command.ts';
import { callTool, initialize } from '../support/mcp.ts';

function start(path: string): Promise<ServeProcess> {
  return serve(fixture('notes-draft'), ['--mcp', 'guide', '--store', `sqlite:${path}`, '--timeout', '60s']);
}

test('a session continues on another process after its own was killed, or ended', async () => {
  const path = join(temporaryFolder(), 'store.db');
  const one = await start(path);
  const two = await start(path);
  const session = await initialize(one.url);
  expect(await callTool(one.url, session, 'counter')).toBe('1');
  await one.stop('SIGKILL');
  expect(await callTool(two.url, session, 'counter')).toBe('2');
  const three = await start(path);
  expect(await callTool(three.url, session, 'counter')).toBe('3');
  await three.stop();
  expect(await callTool(two.url, session, 'counter')).toBe('4');
}, 60_000);

test('a process that was suspended does not write over what another one has written since', async () => {
  const path = join(temporaryFolder(), 'store.db');
  const one = await start(path);
  const two = await start(path);
  const session = await initialize(one.url);
  expect(await callTool(one.url, session, 'counter')).toBe('1');
  one.kill('SIGSTOP');
  expect(await callTool(two.url, session, 'counter')).toBe('2');
  one.kill('SIGCONT');
  expect(await callTool(one.url, session, 'counter')).toBe('3');
}, 60_000);

test('after a kill -9 and a restart a session continues at once', async () => {
  const path = join(temporaryFolder(), 'store.db');
  const killed = await start(path);
  const session = await initialize(killed.url);
  expect(await callTool(killed.url, session, 'counter')).toBe('1');
  await killed.stop('SIGKILL');
  const next = await serve(fixture('notes-draft'), [
    '--mcp',
    'guide',
    '--store',
    `sqlite:${path}`,
    '--timeout',
    '2s',
  ]);
  // Less than the life of the killed holder.
  expect(await callTool(next.url, session, 'counter')).toBe('2');
}, 60_000);
