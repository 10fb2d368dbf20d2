import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeFolders } from '../../host/folders.ts';
import { fixture, temporaryFolder } from '../support/command.ts';

const COMMAND = join(import.meta.dirname, '../../bin/wasmcp-node.js');

test('creates missing folders for the owner only, and returns the topmost one', () => {
  const folder = temporaryFolder();
  const target = join(folder, 'a', 'b', 'c');
  expect(makeFolders(target)).toBe(join(folder, 'a'));
  expect(statSync(target).mode & 0o777).toBe(0o700);
  expect(makeFolders(target)).toBeUndefined();
});

test('names a file in the way, and a dangling link', () => {
  const folder = temporaryFolder();
  const file = join(folder, 'file');
  writeFileSync(file, '');
  expect(() => makeFolders(join(file, 'below'))).toThrow(/ENOTDIR.*below/);
  expect(() => makeFolders(file)).toThrow(/EEXIST.*file/);
  symlinkSync(join(folder, 'nothing'), join(folder, 'link'));
  expect(() => makeFolders(join(folder, 'link'))).toThrow(/EEXIST.*link/);
  mkdirSync(join(folder, 'there'));
  symlinkSync(join(folder, 'there'), join(folder, 'alias'));
  expect(makeFolders(join(folder, 'alias', 'new'))).toBe(join(folder, 'alias', 'new'));
});

// Below /proc every mkdir fails with ENOENT although the parent exists: Node's recursive mkdir never returns.
test.skipIf(process.platform !== 'linux').each([
  [
    'the store',
    ['--store', 'sqlite:/proc/x/s.db'],
    /sqlite:\/proc\/x\/s\.db cannot be used: .*ENOENT.*'\/proc\/x'/,
  ],
  ['the cache', ['--store', 'memory:', '--cache-dir', '/proc/x'], /\/proc\/x cannot be used: ENOENT/],
])(
  '%s where no folder can be created: the start is refused at once',
  (_, options, words) => {
    const args = [COMMAND, 'serve', fixture('kv-draft'), '--addr', '127.0.0.1:0', ...options];
    const { status, stderr } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      timeout: 60_000,
      killSignal: 'SIGKILL',
    });
    expect(stderr).toMatch(words);
    expect(status).toBe(1);
  },
  120_000,
);
