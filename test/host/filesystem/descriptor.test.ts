import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Descriptor } from '../../../host/filesystem/descriptor.ts';
import type { DescriptorFlags } from '../../../host/filesystem/flags.ts';
import { createHost, Guest } from '../../../host/index.ts';
import type { IoError } from '../../../host/io/error.ts';
import { bytes, testSink, text, thrown } from '../streams.ts';
import { CREATE, FOLLOW, OPERATIONS, READ, WRITE } from './operations.ts';
import { preopened } from './preopened.ts';
import type { Swaps } from './swapping-worker.ts';

/** Systems with /dev/full, /proc and mkfifo. */
const onLinux = test.skipIf(process.platform !== 'linux');

const platform = Object.getOwnPropertyDescriptor(process, 'platform')!;

let top: string;
let root: string;
let guest: Guest;

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'wasmcp-fs-'));
  root = join(top, 'root');
  mkdirSync(join(root, 'sub/deep'), { recursive: true });
  writeFileSync(join(root, 'file'), 'content');
  writeFileSync(join(top, 'secret'), 'secret');
  guest = new Guest();
});

afterEach(() => {
  Object.defineProperty(process, 'platform', platform);
  guest.release();
  rmSync(top, { recursive: true });
});

function open(readOnly = false, host = root): Descriptor {
  const [descriptor, name] = preopened(guest, { preopens: [{ host, guest: '/data', readOnly }] });
  expect(name).toBe('/data');
  return descriptor;
}

/** The `error-code` that an operation throws, or that its stream fails with. */
function failure(operate: () => unknown): unknown {
  const binding = createHost().bind(guest, { stdout: testSink(), stderr: testSink() });
  const { filesystemErrorCode } = binding('wasi:filesystem/types@0.2.6') as {
    filesystemErrorCode(error: IoError): string | undefined;
  };
  const error = thrown(operate);
  if (typeof error === 'string') return error;
  const { tag, val } = error as { tag: string; val: IoError };
  expect(tag).toBe('last-operation-failed');
  return filesystemErrorCode(val);
}

/** All files below `top` with their content, to check that nothing has changed. */
function snapshot(folder = top): unknown[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    const { ino, nlink, mtimeMs } = lstatSync(path);
    const inside = entry.isDirectory() ? snapshot(path) : [];
    return [[path, ino, nlink, mtimeMs, entry.isFile() ? readFileSync(path, 'utf8') : ''], ...inside];
  });
}

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

describe('files', () => {
  test('are read and written at any offset', () => {
    const file = open().openAt({}, 'new', CREATE, WRITE);
    expect(file.write(bytes('abc'), 2n)).toBe(3n);
    expect(file.read(99n, 1n)).toEqual([Uint8Array.of(0, 97, 98, 99), true]);
    expect(file.read(2n, 0n)[1]).toBe(false);
    file.setSize(3n);
    file.sync();
    file.syncData();
    expect(file.stat()).toMatchObject({ type: 'regular-file', size: 3n, linkCount: 1n });
    expect(file.getType()).toBe('regular-file');
    expect(file.getFlags()).toEqual(WRITE);
  });

  test.each([2n ** 53n, 2n ** 60n, 2n ** 64n - 1n])(
    'are not written at %s, nor anywhere else instead',
    (offset) => {
      const file = open().openAt({}, 'file', {}, WRITE);
      expect(thrown(() => file.write(bytes('x'), offset))).toBe('file-too-large');
      expect(thrown(() => file.writeViaStream(offset))).toBe('file-too-large');
      expect(thrown(() => file.setSize(offset))).toBe('file-too-large');
      expect(readFileSync(join(root, 'file'), 'utf8')).toBe('content');
    },
  );

  onLinux('are not written at their start by a stream that reaches the last offset', () => {
    const out = open(false, '/dev')
      .openAt({}, 'null', {}, WRITE)
      .writeViaStream(2n ** 53n - 2n);
    out.blockingWriteAndFlush(bytes('xy'));
    expect(failure(() => out.blockingWriteAndFlush(bytes('z')))).toBe('file-too-large');
  });

  test('stream in and out', () => {
    const file = open().openAt({}, 'file', {}, WRITE);
    const out = file.writeViaStream(2n);
    out.blockingWriteAndFlush(bytes('XY'));
    out.blockingWriteAndFlush(bytes('Z'));
    const end = file.appendViaStream();
    end.blockingWriteAndFlush(bytes('!'));
    file.appendViaStream().blockingWriteAndFlush(bytes('?'));
    end.blockingWriteAndFlush(bytes('.'));
    expect(readFileSync(join(root, 'file'), 'utf8')).toBe('coXYZnt!?.');
    const input = file.readViaStream(5n);
    expect(text(input.blockingRead(3n) as Uint8Array)).toBe('nt!');
    expect(text(input.read(99n))).toBe('?.');
    expect(thrown(() => input.blockingRead(1n))).toEqual({ tag: 'closed' });
  });

  onLinux('streams outlive the descriptor, not the request', () => {
    const descriptors = (): number => readdirSync('/proc/self/fd').length;
    const before = descriptors();
    const file = open().openAt({}, 'file', {}, READ);
    const input = file.readViaStream(0n);
    file[Symbol.dispose]();
    file[Symbol.dispose]();
    expect(text(input.read(3n))).toBe('con');
    // The preopened folder is one of them.
    expect(descriptors()).toBe(before + 2);
    input[Symbol.dispose]();
    expect(descriptors()).toBe(before + 1);
    open().openAt({}, 'file', {}, READ);
    guest.release();
    expect(descriptors()).toBe(before);
  });

  test('that an instance keeps after its request are closed, even if their numbers are reused', () => {
    const folder = open();
    const file = folder.openAt({}, 'file', {}, WRITE);
    const input = file.readViaStream(0n);
    const outputs = [file.writeViaStream(0n), file.appendViaStream()];
    guest.release();
    guest.begin();
    for (const name of ['others', 'more']) writeFileSync(join(root, name), 'not yours');
    const others = ['others', 'more'].map((name) => folder.openAt({}, name, {}, WRITE));
    expect(text(others[0]!.read(99n, 0n)[0])).toBe('not yours');
    for (const use of [
      () => file.read(99n, 0n),
      () => file.write(bytes('x'), 0n),
      () => file.setSize(0n),
      () => file.setTimes({ tag: 'now' }, { tag: 'now' }),
      () => file.stat(),
      () => file.sync(),
      () => file.appendViaStream().blockingWriteAndFlush(bytes('x')),
    ]) {
      expect(failure(use)).toBe('bad-descriptor');
    }
    for (const stream of [input, file.readViaStream(0n)]) {
      expect(failure(() => stream.read(99n))).toBe('bad-descriptor');
    }
    for (const stream of [...outputs, file.writeViaStream(0n)]) {
      expect(failure(() => stream.blockingWriteAndFlush(bytes('x')))).toBe('bad-descriptor');
      stream[Symbol.dispose]();
    }
    file[Symbol.dispose]();
    expect(others.map((other) => text(other.read(99n, 0n)[0]))).toEqual(['not yours', 'not yours']);
  });

  onLinux('a failed stream reports the reason', () => {
    const out = open(false, '/dev').openAt({}, 'full', {}, WRITE).writeViaStream(0n);
    expect(failure(() => out.blockingWriteAndFlush(bytes('x')))).toBe('insufficient-space');
    expect(thrown(() => out.checkWrite())).toEqual({ tag: 'closed' });
  });

  test('that were not opened for reading or writing are neither read nor written', () => {
    const folder = open();
    const reader = folder.openAt({}, 'file', {}, READ);
    expect(thrown(() => reader.write(bytes('x'), 0n))).toBe('bad-descriptor');
    expect(thrown(() => reader.writeViaStream(0n))).toBe('bad-descriptor');
    const writer = folder.openAt({}, 'file', {}, { write: true });
    expect(thrown(() => writer.read(1n, 0n))).toBe('bad-descriptor');
    expect(thrown(() => writer.readViaStream(0n))).toBe('bad-descriptor');
  });

  test('opens fail for the reason that POSIX gives', () => {
    const folder = open();
    const fails = (path: string, openFlags: object, flags: DescriptorFlags): unknown =>
      thrown(() => folder.openAt({}, path, openFlags, flags));
    expect(fails('none', {}, READ)).toBe('no-entry');
    expect(fails('', {}, READ)).toBe('no-entry');
    expect(fails('none/', CREATE, WRITE)).toBe('invalid');
    expect(fails('file', { ...CREATE, exclusive: true }, WRITE)).toBe('exist');
    expect(fails('file', { directory: true }, READ)).toBe('not-directory');
    expect(fails('file/', {}, READ)).toBe('not-directory');
    expect(fails('file/x', {}, READ)).toBe('not-directory');
    expect(fails('file/..', {}, READ)).toBe('not-directory');
    expect(fails('none/..', {}, READ)).toBe('no-entry');
    expect(fails('sub', {}, WRITE)).toBe('is-directory');
  });

  onLinux('a FIFO without a writer does not block the thread', () => {
    execFileSync('mkfifo', [join(root, 'fifo')]);
    const fifo = open().openAt({}, 'fifo', {}, READ);
    expect(fifo.getType()).toBe('fifo');
  });

  test('a guest that was ended cannot use them', () => {
    const folder = open();
    const file = folder.openAt({}, 'file', {}, WRITE);
    guest.end('out of time');
    expect(() => file.write(bytes('x'), 0n)).toThrow('out of time');
    expect(() => file.read(1n, 0n)).toThrow('out of time');
    expect(() => folder.unlinkFileAt('file')).toThrow('out of time');
    expect(() => folder.openAt({}, 'new', CREATE, WRITE)).toThrow('out of time');
    expect(readdirSync(root).sort()).toEqual(['file', 'sub']);
  });
});

describe('folders', () => {
  test('are created, listed, renamed and removed', () => {
    const folder = open();
    folder.createDirectoryAt('new/');
    folder.renameAt('file', folder, 'new/moved');
    folder.linkAt({}, 'new/moved', folder, 'linked');
    expect(thrown(() => folder.linkAt({}, 'new/moved', folder, 'slash/'))).toBe('no-entry');
    expect(readFileSync(join(root, 'linked'), 'utf8')).toBe('content');
    const entries = folder.readDirectory();
    const names: string[] = [];
    for (let entry = entries.readDirectoryEntry(); entry; entry = entries.readDirectoryEntry()) {
      names.push(`${entry.name}: ${entry.type}`);
    }
    expect(names.sort()).toEqual(['linked: regular-file', 'new: directory', 'sub: directory']);
    expect(thrown(() => folder.removeDirectoryAt('new'))).toBe('not-empty');
    expect(thrown(() => folder.unlinkFileAt('new'))).toBe('is-directory');
    expect(thrown(() => folder.removeDirectoryAt('linked'))).toBe('not-directory');
    folder.unlinkFileAt('new/moved');
    folder.removeDirectoryAt('new/');
    expect(readdirSync(root).sort()).toEqual(['linked', 'sub']);
  });

  test('are moved with their content, beside links and onto empty folders', () => {
    symlinkSync('sub', join(root, 'link'));
    writeFileSync(join(root, 'sub/deep/note'), 'deep');
    mkdirSync(join(root, 'empty'));
    const folder = open();
    folder.renameAt('sub', folder, 'empty');
    expect(readFileSync(join(root, 'empty/deep/note'), 'utf8')).toBe('deep');
    expect(thrown(() => folder.renameAt('empty', folder, 'empty/deep/x'))).toBe('invalid');
    const below = folder.openAt({}, 'empty', { directory: true }, READ);
    below.renameAt('deep', folder, 'up');
    expect(readdirSync(root).sort()).toEqual(['empty', 'file', 'link', 'up']);
  });

  onLinux('stay the same under another name, until the end of the request', () => {
    const folder = open();
    const below = folder.openAt({}, 'sub', { directory: true }, READ);
    folder.renameAt('sub', folder, 'moved');
    folder.createDirectoryAt('sub');
    expect(below.statAt({}, 'deep').type).toBe('directory');
    expect(below.isSameObject(folder.openAt({}, 'moved/deep/..', {}, READ))).toBe(true);
    guest.release();
    for (const use of [
      () => below.statAt({}, 'deep'),
      () => below.readDirectory(),
      () => below.stat(),
      () => below.createDirectoryAt('x'),
      () => below.setTimes({ tag: 'now' }, { tag: 'now' }),
    ]) {
      expect(thrown(use)).toBe('bad-descriptor');
    }
    expect(folder.statAt({}, 'moved/deep').type).toBe('directory');
  });

  onLinux('are closed when they are dropped, when the request ends, and after each path', () => {
    const descriptors = (): number => readdirSync('/proc/self/fd').length;
    symlinkSync('sub/deep/..', join(root, 'l'));
    const before = descriptors();
    const folder = open();
    for (const path of ['l/deep/../deep', 'sub/deep/..', '.', 'sub']) {
      const opened = folder.openAt(FOLLOW, path, {}, READ);
      opened[Symbol.dispose]();
      opened[Symbol.dispose]();
    }
    for (const [, operate] of Object.entries(OPERATIONS)) {
      for (const path of ['l/none/x', 'l/../../x', 'sub/deep/../../..', 'file/x']) {
        expect(thrown(() => operate(folder, path))).toBeTypeOf('string');
      }
    }
    expect(descriptors()).toBe(before + 1);
    folder.openAt({}, 'sub', {}, READ);
    guest.release();
    expect(descriptors()).toBe(before);
  });

  test('are not files, and files are not folders', () => {
    const folder = open();
    expect(thrown(() => folder.read(1n, 0n))).toBe('is-directory');
    expect(thrown(() => folder.readViaStream(0n))).toBe('is-directory');
    const file = folder.openAt({}, 'file', {}, READ);
    expect(thrown(() => file.readDirectory())).toBe('not-directory');
    expect(thrown(() => file.statAt({}, 'x'))).toBe('not-directory');
  });

  test('cannot be removed or moved by a path to themselves', () => {
    const folder = open();
    for (const path of ['.', './', 'sub/..']) {
      expect(thrown(() => folder.removeDirectoryAt(path))).toBe('invalid');
      expect(thrown(() => folder.renameAt(path, folder, 'x'))).toBe('invalid');
    }
    expect(statSync(root).isDirectory()).toBe(true);
  });

  test('sets the requested times, and keeps the others', () => {
    const folder = open();
    const at = { tag: 'timestamp', val: { seconds: 1_000_000_000n, nanoseconds: 500_000_000 } } as const;
    folder.setTimesAt({}, 'file', { tag: 'no-change' }, at);
    const { dataModificationTimestamp, dataAccessTimestamp } = folder.statAt({}, 'file');
    expect(dataModificationTimestamp).toEqual(at.val);
    expect(dataAccessTimestamp?.seconds).toBeGreaterThan(1_600_000_000n);
    folder.openAt({}, 'file', {}, READ).setTimes(at, { tag: 'now' });
    expect(statSync(join(root, 'file')).atimeMs).toBe(1_000_000_000_500);
    expect(Date.now() - statSync(join(root, 'file')).mtimeMs).toBeLessThan(60_000);
  });

  test('times before 1970 are absent, as WIT cannot represent them', () => {
    execFileSync('touch', ['-m', '-d', '1960-01-01', join(root, 'file')]);
    execFileSync('touch', ['-a', '-d', '2446-05-10', join(root, 'file')]);
    const { dataModificationTimestamp, dataAccessTimestamp } = open().statAt({}, 'file');
    expect(dataModificationTimestamp).toBeUndefined();
    expect(dataAccessTimestamp?.seconds).toBeGreaterThan(10_000_000_000n);
  });

  test('times that are not set are unchanged, to the nanosecond', () => {
    const folder = open();
    execFileSync('touch', ['-d', '2026-03-01 12:00:00.123456789', join(root, 'file')]);
    folder.setTimesAt({}, 'file', { tag: 'no-change' }, { tag: 'now' });
    folder.openAt({}, 'file', {}, READ).setTimes({ tag: 'no-change' }, { tag: 'now' });
    expect(folder.statAt({}, 'file').dataAccessTimestamp?.nanoseconds).toBe(123_456_789);
    folder.setTimes({ tag: 'no-change' }, { tag: 'no-change' });
  });

  test('times are exact to 120 ns, and to the nanosecond in 1970', () => {
    const folder = open();
    const set = (seconds: bigint, nanoseconds: number): bigint => {
      const at = { tag: 'timestamp', val: { seconds, nanoseconds } } as const;
      folder.setTimesAt({}, 'file', { tag: 'no-change' }, at);
      const got = folder.statAt({}, 'file').dataModificationTimestamp!;
      return (got.seconds - seconds) * 1_000_000_000n + BigInt(got.nanoseconds - nanoseconds);
    };
    expect(set(1_000_000n, 123_456_789)).toBeLessThanOrEqual(1n);
    for (let nanoseconds = 7; nanoseconds < 1e9; nanoseconds += 1_234_567) {
      const error = Number(set(1_790_000_000n, nanoseconds));
      expect(Math.abs(error)).toBeLessThanOrEqual(120);
    }
    const bad = (seconds: bigint, nanoseconds: number): unknown => thrown(() => set(seconds, nanoseconds));
    expect(bad(0n, 1_000_000_000)).toBe('invalid');
    expect(bad(2n ** 64n - 1n, 0)).toBe('overflow');
  });

  test('recognizes the same object under two names', () => {
    linkSync(join(root, 'file'), join(root, 'twin'));
    writeFileSync(join(root, 'other'), 'content');
    const folder = open();
    const [file, twin, other] = ['file', 'twin', 'other'].map((name) => folder.openAt({}, name, {}, READ));
    expect(file!.isSameObject(twin!)).toBe(true);
    expect(file!.isSameObject(other!)).toBe(false);
    expect(file!.metadataHash()).toEqual(folder.metadataHashAt({}, 'twin'));
    expect(file!.metadataHash()).not.toEqual(other!.metadataHash());
  });
});
