import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { main } from '../../src/cli.ts';
import { type Finished, fixture, serve, temporaryFolder } from '../support/command.ts';

/** As the command would, but in this process: starting one takes longer than all that these do. */
async function run(args: readonly string[]): Promise<Finished> {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const status = await main(args, streams);
  return { status, stdout: String(streams.stdout.read() ?? ''), stderr: String(streams.stderr.read() ?? '') };
}

describe('the store commands beside a server that uses the store', () => {
  test('check, info, backup, restore, and the restored store serves on', async () => {
    const folder = temporaryFolder();
    const store = ['--store', `sqlite:${join(folder, 'store.db')}`];
    const copy = join(folder, 'copy.db');
    const first = await serve(fixture('kv-draft'), store);
    await fetch(`${first.url}/set?key=k`, { method: 'POST', body: 'value' });
    expect(await run(['store', 'check', ...store])).toMatchObject({ status: 0, stdout: 'ok\n' });
    const info = await run(['store', 'info', ...store]);
    expect(info).toMatchObject({ status: 0 });
    expect(info.stdout).toMatch(/^bucket {3}default: 1 keys, 5$/m);
    expect(await run(['store', 'backup', copy, ...store])).toMatchObject({ status: 0, stdout: '' });
    const refused = await run(['store', 'restore', copy, ...store]);
    expect(refused).toMatchObject({ status: 1 });
    expect(refused.stderr).toMatch(/^error: .* exists: choose another path/);
    await first.stop();

    const other = ['--store', `sqlite:${join(folder, 'other', 'store.db')}`];
    expect(await run(['store', 'restore', copy, ...other])).toMatchObject({ status: 0 });
    expect(await run(['store', 'migrate', ...other])).toMatchObject({ stderr: 'Schema 2 already\n' });
    const second = await serve(fixture('kv-draft'), other);
    expect(await (await fetch(`${second.url}/get?key=k`, { method: 'POST' })).text()).toBe('value');
  });
});

test('a store that is not there is not made, and a word too much is wrong usage', async () => {
  const path = join(temporaryFolder(), 'folder', 'store.db');
  expect(await run(['store', 'check', '--store', `sqlite:${path}`])).toMatchObject({ status: 1 });
  expect(existsSync(dirname(path))).toBe(false);
  expect(await run(['store', 'check', 'word'])).toMatchObject({ status: 2 });
  expect(await run(['store', 'burn'])).toMatchObject({ status: 2 });
  expect(await run(['store', 'backup'])).toMatchObject({ status: 2 });
});

test('the start says which store and how durable it is; a clean stop leaves nothing in the log', async () => {
  const path = join(temporaryFolder(), 'store.db');
  const server = await serve(fixture('kv-draft'), ['--store', `sqlite:${path}`, '--durability', 'process']);
  expect(server.text.stderr).toContain(`Store sqlite:${path}, durability process\n`);
  await fetch(`${server.url}/set?key=k`, { method: 'POST', body: 'value' });
  expect(await server.stop()).toMatchObject({ status: 0 });
  expect(readdirSync(dirname(path)).sort()).toEqual(['store.db', 'store.db-reserve']);
});

test('a durability that is none is wrong usage', async () => {
  const { status, stderr } = await run(['serve', fixture('kv-draft'), '--durability', 'maybe']);
  expect(status).toBe(2);
  expect(stderr).toContain('Write one of power, process, strict.');
});
