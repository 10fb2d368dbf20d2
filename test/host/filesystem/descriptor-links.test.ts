import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Descriptor } from '../../../host/filesystem/descriptor.ts';
import { bytes, text, thrown } from '../streams.ts';
import { onLinux, open, root, setUp, snapshot, top } from './descriptor-scene.ts';
import { CREATE, FOLLOW, READ, WRITE } from './operations.ts';

setUp();

describe('links inside the folder', () => {
  test('are followed, also up and down again', () => {
    symlinkSync('../file', join(root, 'sub/l'));
    symlinkSync('sub/deep', join(root, 'd'));
    const folder = open();
    expect(text(folder.openAt(FOLLOW, 'sub/l', {}, READ).read(99n, 0n)[0])).toBe('content');
    expect(folder.statAt(FOLLOW, 'd/../../file').size).toBe(7n);
    expect(folder.statAt({}, 'sub/l').type).toBe('symbolic-link');
    expect(folder.readlinkAt('sub/l')).toBe('../file');
    expect(thrown(() => folder.openAt({}, 'sub/l', {}, READ))).toBe('loop');
    folder.unlinkFileAt('sub/l');
    expect(existsSync(join(root, 'file'))).toBe(true);
  });

  onLinux('are created, moved, linked and removed unchanged', () => {
    const folder = open();
    folder.symlinkAt('../file', 'sub/l');
    expect(readlinkSync(join(root, 'sub/l'))).toBe('../file');
    expect(text(folder.openAt(FOLLOW, 'sub/l', {}, READ).read(99n, 0n)[0])).toBe('content');
    const { type, size } = folder.statAt({}, 'sub/l');
    expect([type, size]).toEqual(['symbolic-link', 7n]);
    folder.linkAt({}, 'sub/l', folder, 'sub/m');
    folder.renameAt('sub/l', folder, 'sub/n');
    folder.renameAt('sub', folder, 'moved');
    expect(readdirSync(join(root, 'moved')).sort()).toEqual(['deep', 'm', 'n']);
    for (const path of ['moved/m', 'moved/n']) {
      expect(folder.readlinkAt(path)).toBe('../file');
      expect(folder.statAt(FOLLOW, path).size).toBe(7n);
      folder.unlinkFileAt(path);
    }
    expect(readFileSync(join(root, 'file'), 'utf8')).toBe('content');
  });

  onLinux('may lead above the folder where they are created, within the preopened one', () => {
    const folder = open();
    const below = folder.openAt({}, 'sub', { directory: true }, READ).openAt({}, 'deep', {}, READ);
    below.symlinkAt('../../file', 'l');
    expect(thrown(() => below.symlinkAt('../../../secret', 'm'))).toBe('not-permitted');
    expect(folder.statAt(FOLLOW, 'sub/deep/l').size).toBe(7n);
    expect(thrown(() => below.statAt(FOLLOW, 'l'))).toBe('not-permitted');
  });

  onLinux('fail to be created for the reason that POSIX gives', () => {
    const folder = open();
    folder.symlinkAt('l', 'l');
    expect(thrown(() => folder.openAt(FOLLOW, 'l', {}, READ))).toBe('loop');
    expect(thrown(() => folder.symlinkAt('x', 'file'))).toBe('exist');
    expect(thrown(() => folder.symlinkAt('x', 'sub/'))).toBe('exist');
    expect(thrown(() => folder.symlinkAt('x', 'new/'))).toBe('no-entry');
    expect(thrown(() => folder.symlinkAt('', 'new'))).toBe('no-entry');
    expect(thrown(() => folder.symlinkAt('a\0b', 'new'))).toBe('invalid');
    expect(thrown(() => folder.symlinkAt('x', 'none/new'))).toBe('no-entry');
    expect(thrown(() => folder.linkAt(FOLLOW, 'file', folder, 'new'))).toBe('invalid');
    folder.symlinkAt('nowhere', 'dangling');
    expect(thrown(() => folder.statAt(FOLLOW, 'dangling'))).toBe('no-entry');
  });

  test('that form a circle fail', () => {
    symlinkSync('b', join(root, 'a'));
    symlinkSync('a', join(root, 'b'));
    expect(thrown(() => open().statAt(FOLLOW, 'a'))).toBe('loop');
  });

  test('to a new file create it at their target', () => {
    symlinkSync('sub/new', join(root, 'l'));
    open().openAt(FOLLOW, 'l', CREATE, WRITE).write(bytes('x'), 0n);
    expect(readFileSync(join(root, 'sub/new'), 'utf8')).toBe('x');
  });
});

describe('a read-only folder', () => {
  const changes: Record<string, (folder: Descriptor) => unknown> = {
    'open to write': (folder) => folder.openAt({}, 'file', {}, WRITE),
    'open and create': (folder) => folder.openAt({}, 'new', CREATE, READ),
    'open and truncate': (folder) => folder.openAt({}, 'file', { truncate: true }, READ),
    'make a directory': (folder) => folder.createDirectoryAt('new'),
    'remove a directory': (folder) => folder.removeDirectoryAt('sub/deep'),
    unlink: (folder) => folder.unlinkFileAt('file'),
    rename: (folder) => folder.renameAt('file', folder, 'new'),
    link: (folder) => folder.linkAt({}, 'file', folder, 'new'),
    'set times': (folder) => folder.setTimesAt({}, 'file', { tag: 'now' }, { tag: 'now' }),
    'set its own times': (folder) => folder.setTimes({ tag: 'now' }, { tag: 'now' }),
    'make a symbolic link': (folder) => folder.symlinkAt('file', 'new'),
    'make a link that leads out': (folder) => folder.symlinkAt('..', 'new'),
    'set times of a file': (folder) =>
      folder.openAt({}, 'file', {}, READ).setTimes({ tag: 'now' }, { tag: 'now' }),
    'set the size of a file': (folder) => folder.openAt({}, 'file', {}, READ).setSize(0n),
    'write to a file': (folder) => folder.openAt({}, 'file', {}, READ).write(bytes('x'), 0n),
    'write to a file by stream': (folder) => folder.openAt({}, 'file', {}, READ).writeViaStream(0n),
    'append to a file': (folder) => folder.openAt({}, 'file', {}, READ).appendViaStream(),
    'change from below': (folder) => folder.openAt({}, 'sub', {}, READ).removeDirectoryAt('deep'),
  };
  test.each(Object.entries(changes))('refuses to %s', (_, change) => {
    const folder = open(true);
    const before = snapshot();
    expect(thrown(() => change(folder))).toBe('read-only');
    expect(snapshot()).toEqual(before);
  });

  test('cannot be linked or moved into one that can be written', () => {
    const writable = mkdtempSync(join(top, 'writable-'));
    const [from, to] = [open(true), open(false, writable)];
    expect(thrown(() => from.linkAt({}, 'file', to, 'file'))).toBe('read-only');
    expect(thrown(() => from.renameAt('file', to, 'file'))).toBe('read-only');
    writeFileSync(join(writable, 'own'), '');
    expect(thrown(() => to.renameAt('own', from, 'file'))).toBe('read-only');
    expect(readdirSync(writable)).toEqual(['own']);
  });

  test('can be read', () => {
    const folder = open(true);
    const stream = folder.openAt({}, 'file', {}, READ).readViaStream(3n);
    expect(text(stream.read(99n))).toBe('tent');
    expect(folder.getFlags()).toEqual({ read: true, mutateDirectory: false });
  });
});
