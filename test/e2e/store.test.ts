import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { openStore } from '../../host/index.ts';
import { main } from '../../src/cli.ts';
import { type Finished, fixture, serve, temporaryFolder } from '../support/command.ts';

/** As the command would, but in this process: starting one takes longer than all that these do. */
async function run(args: readonly string[], terminal = false): Promise<Finished> {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  if (terminal) Object.assign(streams.stderr, { isTTY: true });
  const status = await main(args, streams);
  const all = async (stream: PassThrough): Promise<string> => (await stream.end().toArray()).join('');
  return { status, stdout: await all(streams.stdout), stderr: await all(streams.stderr) };
}

describe('the store commands beside a server that uses the store', () => {
  test('check, info, backup, restore, and the restored store can be served', async () => {
    const folder = temporaryFolder();
    const store = ['--store', `sqlite:${join(folder, 'store.db')}`];
    const copy = join(folder, 'copy.db');
    const first = await serve(fixture('kv-draft'), store);
    await fetch(`${first.url}/set?key=k`, { method: 'POST', body: 'value' });
    expect(await run(['store', 'check', ...store])).toMatchObject({ status: 0, stdout: 'ok\n' });
    const info = await run(['store', 'info', ...store]);
    expect(info).toMatchObject({ status: 0 });
    expect(info.stdout).toMatch(/^bucket {3}default: 1 keys, 5 bytes of values$/m);
    expect(info.stdout).toMatch(/^size {5}\d+ bytes, of which \d+ bytes free\nlog {6}\d+ bytes$/m);
    expect(await run(['store', 'backup', copy, ...store])).toMatchObject({ status: 0, stdout: '' });
    const refused = await run(['store', 'restore', copy, ...store]);
    expect(refused).toMatchObject({ status: 1 });
    expect(refused.stderr).toMatch(/^error: .* exists: choose another path/);
    await first.stop();

    const other = ['--store', `sqlite:${join(folder, 'other', 'store.db')}`];
    expect(await run(['store', 'restore', copy, ...other])).toMatchObject({ status: 0 });
    expect(await run(['store', 'migrate', ...other])).toMatchObject({ stderr: 'Schema is already 4\n' });
    const second = await serve(fixture('kv-draft'), other);
    expect(await (await fetch(`${second.url}/get?key=k`, { method: 'POST' })).text()).toBe('value');
  });
});

test('a missing store is not created, and an extra word is wrong usage', async () => {
  const path = join(temporaryFolder(), 'folder', 'store.db');
  expect(await run(['store', 'check', '--store', `sqlite:${path}`])).toMatchObject({ status: 1 });
  expect(existsSync(dirname(path))).toBe(false);
  expect(await run(['store', 'check', 'word'])).toMatchObject({ status: 2 });
  expect(await run(['store', 'burn'])).toMatchObject({ status: 2 });
  expect(await run(['store', 'backup'])).toMatchObject({ status: 2 });
});

test('long work shows its progress on a terminal, and nothing in a pipe', async () => {
  const folder = temporaryFolder();
  const store = ['--store', `sqlite:${join(folder, 'store.db')}`];
  const copy = join(folder, 'copy.db');
  await (await openStore(`sqlite:${join(folder, 'store.db')}`)).close();
  const erase = '\r\x1b[K';
  const said = async (...args: string[]): Promise<string> => (await run(args, true)).stderr;
  expect(await said('store', 'check', ...store)).toMatch(/^\r\x1b\[KChecking … 0 s.*\r\x1b\[K$/s);
  expect(await said('store', 'info', ...store)).toMatch(/^\r\x1b\[KCounting … 0 s.*\r\x1b\[K$/s);
  const backup = await said('store', 'backup', copy, ...store);
  expect(backup).toMatch(/^\r\x1b\[KCopying … \d+ %, 0 s/);
  expect(backup.endsWith(`${erase}Copied to ${copy}\n`)).toBe(true);
  expect(await said('store', 'migrate', ...store)).toMatch(/Upgrading the schema … 0 s/);
  const other = ['--store', `sqlite:${join(folder, 'other.db')}`];
  expect(await said('store', 'restore', copy, ...other)).toMatch(/Checking … .*Copying … \d+ %/s);
  const failed = await said('store', 'restore', copy, ...other);
  expect(failed).toMatch(/\r\x1b\[Kerror: /);
  const piped = await run(['store', 'backup', join(folder, 'second.db'), ...store]);
  expect(piped.stderr).toBe(`Copied to ${join(folder, 'second.db')}\n`);
});

test('the start prints the store and its durability; a clean stop leaves an empty log', async () => {
  const path = join(temporaryFolder(), 'store.db');
  const server = await serve(fixture('kv-draft'), ['--store', `sqlite:${path}`, '--durability', 'process']);
  expect(server.text.stderr).toContain(`Store sqlite:${path}, durability process\n`);
  await fetch(`${server.url}/set?key=k`, { method: 'POST', body: 'value' });
  expect(await server.stop()).toMatchObject({ status: 0 });
  expect(readdirSync(dirname(path)).sort()).toEqual(['store.db', 'store.db-reserve']);
});

test('an unknown durability is wrong usage', async () => {
  const { status, stderr } = await run(['serve', fixture('kv-draft'), '--durability', 'maybe']);
  expect(status).toBe(2);
  expect(stderr).toContain('Write one of power, process, strict.');
});
