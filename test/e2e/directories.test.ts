import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fixture, run, serve, temporaryFolder } from '../support/command.ts';

test('a folder given with :ro can be read but not changed, and neither folder has a way out', async () => {
  const top = temporaryFolder();
  const folder = join(top, 'folder');
  mkdirSync(join(folder, 'sub'), { recursive: true });
  writeFileSync(join(top, 'secret'), 'secret');
  writeFileSync(join(folder, 'note'), 'as it was');
  symlinkSync('../secret', join(folder, 'relative'));
  symlinkSync(join(top, 'secret'), join(folder, 'absolute'));
  const args = ['--store', 'memory:', '--dir', `${folder}::/data`, '--dir', `${folder}::/look:ro`];
  const server = await serve(fixture('http-lab'), args);

  async function files(query = ''): Promise<string> {
    const response = await fetch(`${server.url}/fs${query}`);
    return `${response.status} ${await response.text()}`;
  }

  expect(await files()).toBe('200 /data\n/look\n');
  expect(await files('?path=/look/note')).toBe('200 as it was');
  for (const path of ['/look/note', '/look/new', '/look/sub/new']) {
    expect(await files(`?write=${path}&text=changed`)).toMatch(/^500 Read-only file system/);
  }
  expect(await files('?write=/data/note&text=changed')).toBe('200 written');
  expect(await files('?path=/look/note')).toBe('200 changed');
  for (const below of ['../secret', 'sub/../../secret', 'relative', 'absolute']) {
    for (const name of ['/look', '/data']) {
      expect(await files(`?path=${name}/${below}`)).toMatch(/^500 Operation not permitted/);
      expect(await files(`?write=${name}/${below}&text=lost`)).toMatch(/^500 (Operation not|Read-only)/);
    }
  }
  expect(await files(`?path=${join(top, 'secret')}`)).toMatch(/^500 /);
  expect(readFileSync(join(top, 'secret'), 'utf8')).toBe('secret');
});

test.each(['::/data', 'a::/b::/c', 'a::', 'a:::ro'])(
  '--dir %s is refused with the way to write it',
  async (dir) => {
    const { status, stderr } = await run(['serve', fixture('http-lab'), '--dir', dir]);
    expect(status).toBe(2);
    expect(stderr).toContain('HOST::GUEST:ro');
  },
);

test('the server protects its own files inside a guest folder, and says so at the start', async () => {
  const folder = temporaryFolder();
  const component = join(folder, 'server.wasm');
  copyFileSync(fixture('http-lab'), component);
  writeFileSync(join(folder, 'settings.env'), 'A=1\n');
  const server = await serve(component, [
    ...['--store', `sqlite:${join(folder, 'store.db')}`, '--cache-dir', join(folder, 'cache')],
    ...[
      '--env-file',
      join(folder, 'settings.env'),
      '--dir',
      `${folder}::/data`,
      '--dir',
      `${folder}::/look:ro`,
    ],
  ]);
  const names = ['store.db', 'store.db-wal', 'store.db-shm', 'server.wasm', 'settings.env'];
  const [entry] = readdirSync(join(folder, 'cache'));
  for (const name of [...names, `cache/${entry}`]) {
    for (const query of [`path=/data/${name}`, `path=/look/${name}`, `write=/data/${name}&text=x`]) {
      const response = await fetch(`${server.url}/fs?${query}`);
      expect([query, response.status, await response.text()]).toEqual([
        query,
        500,
        expect.stringMatching(/^Operation not permitted/),
      ]);
    }
  }
  expect(await (await fetch(`${server.url}/fs?write=/data/own&text=x`)).text()).toBe('written');
  const warning = `guests may use ${folder}, which contains files that the server itself uses: they cannot access`;
  expect(server.text.stderr).toContain(`${warning} ${join(folder, 'store.db')}`);
  for (const name of ['server.wasm', 'settings.env', 'cache']) {
    expect(server.text.stderr).toContain(join(folder, name));
  }
  const cache = join(folder, 'cache');
  const { stderr } = await run(['run', '--dir', folder, '--cache-dir', cache, fixture('command')]);
  expect(stderr).toContain(`warning: guests may use ${folder}`);
  const inside = await run(['run', '--dir', cache, '--cache-dir', cache, fixture('command')]);
  expect([inside.status, inside.stderr]).toEqual([1, expect.stringContaining('cannot be given to guests')]);
});
