import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { openStore, type Store } from '../../host/index.ts';
import { main } from '../../src/cli.ts';
import { now, put } from '../mcp/sessions/stored.ts';
import { type Finished, fixture, serve, temporaryFolder } from '../support/command.ts';
import { callTool, initialize, rpc } from '../support/mcp.ts';

let url: string;

beforeEach(() => {
  url = `sqlite:${join(temporaryFolder(), 'store.db')}`;
});

/** As the command would, but in this process. */
async function sessions(
  args: readonly string[],
  terminal = false,
  store = ['--store', url],
): Promise<Finished> {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  if (terminal) Object.assign(streams.stdout, { isTTY: true });
  const stdout = streams.stdout.toArray();
  const stderr = streams.stderr.toArray();
  const status = await main(['sessions', ...args, ...store], streams);
  for (const stream of [streams.stdout, streams.stderr]) stream.end();
  return { status, stdout: (await stdout).join(''), stderr: (await stderr).join('') };
}

function lines({ stdout }: Finished): Record<string, unknown>[] {
  return stdout
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

async function open(): Promise<Store> {
  const store = await openStore(url, { durability: 'process' });
  onTestFinished(async () => store.close());
  return store;
}

test('beside a server: a session is listed, shown, ended for its client, and purged', async () => {
  const server = await serve(fixture('notes-draft'), ['--mcp', 'guide', '--store', url]);
  const id = await initialize(server.url);
  await callTool(server.url, id, 'counter');
  await callTool(server.url, id, 'cart_add', { item: 'apple' });
  await callTool(server.url, id, 'total');

  expect(lines(await sessions(['list']))).toEqual([
    {
      id,
      bucket: 'default',
      state: 'live',
      created: expect.any(String),
      updated: expect.any(String),
      expires: expect.any(String),
      keys: 3,
      bytes: expect.any(Number),
    },
  ]);
  const [shown] = lines(await sessions(['show', id]));
  expect(shown).toMatchObject({
    id,
    data: { counter: { type: 'u64', value: '1' }, cart: { type: 'json', value: ['apple'] } },
  });
  expect(lines(await sessions(['export']))).toMatchObject([{ id, bucket: 'default', data: shown!.data }]);

  expect(await sessions(['purge', id])).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/is live/),
  });
  expect(await sessions(['end', id, '--reason', 'device lost'])).toMatchObject({ status: 0 });
  expect((await rpc(server.url, 'tools/list', {}, id)).status).toBe(404);
  expect((await sessions(['end', id])).stderr).toBe(`Session ${id} had ended already\n`);
  expect(lines(await sessions(['show', id]))[0]).toMatchObject({ state: 'ended', reason: 'device lost' });

  expect((await sessions(['purge'])).stderr).toBe('Purged 0 sessions, 0 keys\n');
  expect((await sessions(['purge', id])).stderr).toMatch(/^Purged 1 sessions, \d+ keys\n$/);
  expect(lines(await sessions(['list']))).toEqual([]);
  const store = await open();
  expect((await store.list('default')).keys).toEqual(['total']);
});

test('a purge applies the retention to all buckets, or to the named ones', async () => {
  const store = await open();
  const live = await put(store);
  for (const bucket of ['default', 'mine', 'yours'])
    await put(store, { expires_at: now() - 7200 }, 2, bucket);
  expect((await sessions(['purge', '--session-retention', '3h'])).stderr).toMatch(/^Purged 0 /);
  expect((await sessions(['purge', '--session-retention', 'off'])).stderr).toMatch(/^Purged 0 /);
  const one = await sessions(['purge', '--session-retention', '1h', '--bucket', 'mine']);
  expect(one.stderr).toBe('Purged 1 sessions, 3 keys\n');
  expect((await sessions(['purge', '--session-retention', '1h'])).stderr).toBe('Purged 2 sessions, 6 keys\n');
  expect(lines(await sessions(['list'])).map(({ id }) => id)).toEqual([live]);
});

describe('what is shown', () => {
  test('on a terminal is readable, and has no control characters from the store', async () => {
    const store = await open();
    const id = await put(store, { terminated: true, reason: 'a\x1b[2Jb\nc' }, 0);
    await store.set('default', `${id}:jwt:sub`, Buffer.from('\x06ada@example.com'));
    await store.set('default', `${id}:long`, Buffer.from(`\x01${'x'.repeat(500)}`));
    await store.set('default', `${id}:evil\x07`, Buffer.from('\x01\x1b]0;x'));
    await store.set('default', `${id}:what`, Buffer.from('\x09?'));
    const list = (await sessions(['list'], true)).stdout;
    expect(list).toMatch(
      /^bucket default\n\S{36} {2}ended .* since .* of ada@example.com {2}\(a\\x1b\[2Jb\\x0ac\)\n$/,
    );
    const show = (await sessions(['show', id], true)).stdout;
    expect(show).toContain('state    ended\n');
    expect(show).toContain('subject  ada@example.com\n');
    expect(show).toContain('evil\\x07 = string \\x1b]0;x\n');
    expect(show).toContain('what = unknown "\\t?"\n');
    expect(show).toMatch(/^long = string x{100}…$/m);
    expect(lines(await sessions(['list', '--json'], true))).toMatchObject([{ id, reason: 'a\x1b[2Jb\nc' }]);
  });

  test('never includes notes of the stdio bridge, or other keys', async () => {
    const store = await open();
    await put(store, {}, 1, 'wasmcp-node:stdio');
    await store.set('default', 'total', Uint8Array.of(1));
    expect((await sessions(['list'])).stdout).toBe('');
    expect((await sessions(['list'], true)).stdout).toBe('no sessions\n');
    expect((await sessions(['export'])).stdout).toBe('');
  });

  test('has exact numbers, bytes, and keys of any name', async () => {
    const store = await open();
    const id = await put(store, {}, 0);
    const most = Buffer.from([3, 255, 255, 255, 255, 255, 255, 255, 255]);
    const entries: [string, Buffer][] = [
      ['u', most],
      ['__proto__', Buffer.from('\x05\x01')],
      ['b', Buffer.from([6, 255])],
    ];
    for (const [key, value] of entries) await store.set('default', `${id}:${key}`, value);
    const { stdout } = await sessions(['export', id]);
    expect(stdout).toContain('"u":{"type":"u64","value":"18446744073709551615"}');
    expect(stdout).toContain('"__proto__":{"type":"bool","value":true}');
    expect(stdout).toContain('"b":{"type":"bytes","value":"/w=="}');
  });
});

test('thousands of sessions are printed completely', async () => {
  const store = await open();
  const ids = await Promise.all(Array.from({ length: 2500 }, () => put(store, {}, 0)));
  expect(lines(await sessions(['list'])).map(({ id }) => id)).toEqual(ids.toSorted());
});

test('a missing session or store is reported, and nothing is created', async () => {
  const path = join(temporaryFolder(), 'folder', 'store.db');
  url = `sqlite:${path}`;
  expect(await sessions(['list'])).toMatchObject({ status: 1, stderr: `error: ${url} does not exist\n` });
  expect(existsSync(dirname(path))).toBe(false);
  const { stderr: hint } = await sessions(['list'], false, []);
  expect(hint).toMatch(/^error: sqlite:.*store\.db does not exist; .* --store\n$/);
  await open();
  for (const word of ['show', 'end', 'purge', 'export']) {
    const { status, stderr } = await sessions([word, 'nobody']);
    expect([status, stderr]).toEqual([1, `error: ${url} has no session "nobody"\n`]);
  }
  expect(await sessions(['show'])).toMatchObject({ status: 2 });
  expect(await sessions(['purge', '--session-retention', '1x'])).toMatchObject({ status: 2 });
});
