import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fixture, serve, temporaryFolder } from '../support/command.ts';
import { callTool, initialize, rpc } from '../support/mcp.ts';

describe.each(['notes-draft', 'notes-draft2'])('%s', (name) => {
  function start(folder: string) {
    return serve(fixture(name), ['--store', `sqlite:${join(folder, 'store.db')}`]);
  }

  test.each(['SIGTERM', 'SIGKILL'] as const)('a counter continues after %s and a restart', async (signal) => {
    const folder = temporaryFolder();
    const first = await start(folder);
    const session = await initialize(first.url);
    expect(await callTool(first.url, session, 'counter')).toBe('1');
    expect(await callTool(first.url, session, 'counter')).toBe('2');
    await first.stop(signal);

    const second = await start(folder);
    expect(await callTool(second.url, session, 'counter')).toBe('3');
  });

  test('sessions never see each other under equal key names', async () => {
    const { url } = await start(temporaryFolder());
    const [mine, theirs] = [await initialize(url), await initialize(url)];
    await callTool(url, mine, 'preference_set', { name: 'colour', value: 'green' });
    await callTool(url, theirs, 'preference_set', { name: 'colour', value: 'red' });
    expect(await callTool(url, mine, 'preference_get', { name: 'colour' })).toContain('green');
    expect(await callTool(url, theirs, 'preference_get', { name: 'colour' })).toContain('red');
    await callTool(url, mine, 'cart_add', { item: 'apple' });
    expect(await callTool(url, theirs, 'cart_show')).not.toContain('apple');
  });

  test('fifty parallel atomic increments lose none', async () => {
    const { url } = await start(temporaryFolder());
    const session = await initialize(url);
    const totals = await Promise.all(Array.from({ length: 50 }, () => callTool(url, session, 'total')));
    expect(totals.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
  });

  test('an ended session stays ended after a restart, an unknown one is not found', async () => {
    const folder = temporaryFolder();
    const first = await start(folder);
    const session = await initialize(first.url);
    const ended = await fetch(`${first.url}/mcp`, {
      method: 'DELETE',
      headers: { 'mcp-session-id': session },
    });
    expect(ended.status).toBe(200);
    expect((await rpc(first.url, 'tools/list', {}, session)).status).toBe(404);
    await first.stop();

    const second = await start(folder);
    expect((await rpc(second.url, 'tools/list', {}, session)).status).toBe(404);
    const unknown = '00000000-0000-4000-8000-000000000000';
    expect((await rpc(second.url, 'tools/list', {}, unknown)).status).toBe(404);
  });
});

test('a store in memory is shared by all workers, and gone after a restart', async () => {
  const first = await serve(fixture('notes-draft'), ['--store', 'memory:', '--workers', '2']);
  const session = await initialize(first.url);
  const totals = await Promise.all(Array.from({ length: 20 }, () => callTool(first.url, session, 'total')));
  expect(new Set(totals).size).toBe(20);
  await first.stop();
  const second = await serve(fixture('notes-draft'), ['--store', 'memory:']);
  expect((await rpc(second.url, 'tools/list', {}, session)).status).toBe(404);
});
