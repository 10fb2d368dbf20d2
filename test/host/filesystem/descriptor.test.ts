import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { text, thrown } from '../streams.ts';
import { guest, onLinux, open, root, setUp, snapshot, top } from './descriptor-scene.ts';
import { FOLLOW, OPERATIONS, READ } from './operations.ts';
import type { Swaps } from './swapping-worker.ts';

setUp();

describe('a way out of the folder', () => {
  /** The path, and the links that it needs: name and target. */
  const ways: [way: string, path: string, ...links: [string, string][]][] = [
    ['the folder above', '../secret'],
    ['the folder above, new', '../new'],
    ['up from below', 'sub/../../secret'],
    ['up and back in', '../root/file'],
    ['an absolute path', '/etc/hosts'],
    ['a relative link to a file', 'l/', ['l', '../secret']],
    ['a relative link to a folder', 'l/secret', ['l', '..']],
    ['a relative link to a folder, new', 'l/new', ['l', '..']],
    ['a link to an absolute path', 'l/hosts', ['l', '/etc']],
    ['a link to a link', 'l/secret', ['l', 'm'], ['m', '..']],
    ['a link that goes up from below', 'sub/deep/l/secret', ['sub/deep/l', '../../..']],
    ['up behind a link', 'l/../../../secret', ['l', 'sub/deep']],
    ['a link in the middle of the path', 'sub/l/../secret', ['sub/l', '..']],
    ['a link with slashes at its end', 'l//', ['l', '..//']],
    ['a link to a link with slashes at its end', 'm/.', ['m', 'l/'], ['l', './..//./']],
    ['a link to a folder above and back, with slashes', 'l/secret', ['l', '../root/../']],
    ['a link to an absolute path with slashes at its end', 'l///', ['l', '/etc//']],
  ];
  test.each(ways)('by %s is refused by every operation', (_, path, ...links) => {
    for (const [name, target] of links) symlinkSync(target, join(root, name));
    const folder = open();
    const before = snapshot();
    for (const [name, operate] of Object.entries(OPERATIONS)) {
      expect([name, thrown(() => operate(folder, path))]).toEqual([name, 'not-permitted']);
    }
    expect(snapshot()).toEqual(before);
  });

  describe.each(['../secret', '/etc/hosts', '../new'])('by a link to %s at its end', (target) => {
    test.each(Object.entries(OPERATIONS))('is refused by: %s', (_, operate) => {
      symlinkSync(target, join(root, 'l'));
      const folder = open();
      try {
        operate(folder, 'l');
      } catch (error) {
        expect(error).toBeTypeOf('string');
      }
      expect(existsSync(join(top, 'new'))).toBe(false);
      expect(readFileSync(join(top, 'secret'), 'utf8')).toBe('secret');
      expect(existsSync(join(root, 'stolen'))).toBe(false);
      expect(readdirSync(top).sort()).toEqual(['root', 'secret']);
    });
  });

  test('is refused from a folder that was opened below', () => {
    const sub = open().openAt({}, 'sub', { directory: true }, READ);
    expect(thrown(() => sub.statAt({}, '../file'))).toBe('not-permitted');
    expect(sub.statAt({}, 'deep/..').type).toBe('directory');
  });

  test.each(['/etc', '..', '../secret', 'sub/../../secret', './../root/file', '/'])(
    'cannot be made by a link to %s',
    (target) => {
      const folder = open();
      const before = snapshot();
      expect(thrown(() => folder.symlinkAt(target, 'l'))).toBe('not-permitted');
      expect(snapshot()).toEqual(before);
    },
  );

  onLinux('cannot be made by moving or linking a link further up, nor by moving its folder', () => {
    symlinkSync('/etc', join(root, 'sub/absolute'));
    const folder = open();
    folder.symlinkAt('../../file', 'sub/deep/l');
    for (const path of ['sub/deep/l', 'sub/absolute']) {
      expect(thrown(() => folder.renameAt(path, folder, 'sub/m'))).toBe('not-permitted');
      expect(thrown(() => folder.linkAt({}, path, folder, 'sub/m'))).toBe('not-permitted');
    }
    folder.renameAt('sub/deep', folder, 'up');
    for (const [name, operate] of Object.entries(OPERATIONS)) {
      expect([name, thrown(() => operate(folder, 'up/l/x'))]).toEqual([name, 'not-permitted']);
    }
    expect(thrown(() => folder.openAt(FOLLOW, 'up/l', {}, READ))).toBe('not-permitted');
  });

  for (const [name, target] of [
    ['an absolute path', '/etc'],
    ['a folder above', '../..'],
    ['a folder inside, as long as it was deeper', '../../sub'],
  ] as const) {
    onLinux(`cannot be made by moving a folder to where an open folder was, with a link to ${name}`, () => {
      mkdirSync(join(root, 'far/below'), { recursive: true });
      symlinkSync(target, join(root, 'far/below/link'));
      const folder = open();
      for (const path of ['a', 'a/link', 'a/link/ssl']) folder.createDirectoryAt(path);
      writeFileSync(join(root, 'a/link/ssl/mine'), '');
      const inside = folder.openAt({}, 'a/link/ssl', { directory: true }, READ);
      folder.renameAt('a', folder, 'b');
      folder.renameAt('far/below', folder, 'a');
      expect(inside.readDirectory().readDirectoryEntry()?.name).toBe('mine');
      expect(thrown(() => inside.statAt(FOLLOW, 'hosts'))).toBe('no-entry');
      for (const [name, operate] of Object.entries(OPERATIONS)) {
        expect([name, thrown(() => operate(folder, 'a/link/x'))]).toEqual([name, 'not-permitted']);
      }
    });
  }

  for (const [where, given, outside] of [
    ['in place of a folder', 'a/sub', 'secret'],
    ['on the way to a folder', 'a/sub/deep', '../deep/secret'],
  ] as const) {
    onLinux(`cannot be made by a link ${where} that is also preopened`, () => {
      mkdirSync(join(root, given), { recursive: true });
      mkdirSync(join(root, 'x/y'), { recursive: true });
      mkdirSync(join(top, 'deep'));
      writeFileSync(join(top, 'deep/secret'), 'secret');
      const outer = open();
      const inner = open(false, join(root, given));
      inner.createDirectoryAt('mine');
      outer.symlinkAt('../..', 'x/y/sub');
      outer.renameAt('a', outer, 'moved');
      outer.renameAt('x/y', outer, 'a');
      expect(readFileSync(join(root, given, outside), 'utf8')).toBe('secret');
      // In the same request it is still the same folder; in the next one the name leads out.
      expect(inner.readDirectory().readDirectoryEntry()?.name).toBe('mine');
      guest.release();
      for (const [name, operate] of Object.entries(OPERATIONS)) {
        const error = thrown(() => operate(inner, 'secret'));
        expect([name, ['no-entry', 'not-directory'].includes(String(error))]).toEqual([name, true]);
      }
      expect(thrown(() => inner.readDirectory())).toBeTypeOf('string');
    });
  }

  onLinux('does not open while another thread replaces a folder by a link', async () => {
    mkdirSync(join(top, 'outside'));
    for (const path of ['outside/file', 'root/p', 'root/p/file']) {
      if (path.endsWith('file')) writeFileSync(join(top, path), path);
      else mkdirSync(join(top, path));
    }
    symlinkSync('../outside', join(root, 'l'));
    const stop = new Int32Array(new SharedArrayBuffer(4));
    const swapping = new Worker(new URL('swapping-worker.ts', import.meta.url), {
      workerData: { folder: root, stop } satisfies Swaps,
    });
    await once(swapping, 'message');
    const folder = open();
    const seen = new Set<string>();
    try {
      for (let attempt = 0; attempt < 20_000; attempt++) {
        try {
          const file = folder.openAt(FOLLOW, 'p/file', {}, READ);
          seen.add(text(file.read(99n, 0n)[0]));
          file[Symbol.dispose]();
        } catch (error) {
          seen.add(String(error));
        }
      }
    } finally {
      Atomics.store(stop, 0, 1);
      await once(swapping, 'exit');
    }
    expect([...seen]).toContain('root/p/file');
    expect([...seen]).toContain('not-permitted');
    expect([...seen]).not.toContain('outside/file');
  });

  onLinux('cannot be made where folders cannot be held open: guests cannot create or move links', () => {
    Object.defineProperty(process, 'platform', { value: 'elsewhere' });
    symlinkSync('file', join(root, 'l'));
    symlinkSync('../../file', join(root, 'sub/deep/l'));
    const folder = open();
    const before = snapshot();
    expect(thrown(() => folder.symlinkAt('file', 'm'))).toBe('not-permitted');
    expect(thrown(() => folder.renameAt('l', folder, 'm'))).toBe('not-permitted');
    expect(thrown(() => folder.linkAt({}, 'l', folder, 'm'))).toBe('not-permitted');
    for (const path of ['sub', 'sub/', 'sub/deep', 'sub/deep/../deep']) {
      expect(thrown(() => folder.renameAt(path, folder, 'm'))).toBe('not-permitted');
    }
    const below = folder.openAt({}, 'sub', { directory: true }, READ);
    expect(thrown(() => below.renameAt('deep', folder, 'm'))).toBe('not-permitted');
    expect(snapshot()).toEqual(before);
    folder.unlinkFileAt('sub/deep/l');
    folder.renameAt('sub', folder, 'm');
    expect(text(folder.openAt(FOLLOW, 'l', {}, READ).read(99n, 0n)[0])).toBe('content');
    for (const [name, operate] of Object.entries(OPERATIONS)) {
      for (const path of ['../secret', 'm/../../secret', '/etc/hosts']) {
        expect([name, thrown(() => operate(folder, path))]).toEqual([name, 'not-permitted']);
      }
    }
    expect(readdirSync(root).sort()).toEqual(['file', 'l', 'm']);
  });

  test('is not revealed by reading an absolute link', () => {
    symlinkSync('/etc/hosts', join(root, 'l'));
    expect(thrown(() => open().readlinkAt('l'))).toBe('not-permitted');
  });

  test('a name with a NUL is invalid', () => {
    expect(thrown(() => open().openAt(FOLLOW, 'file\0.txt', {}, READ))).toBe('invalid');
  });
});
