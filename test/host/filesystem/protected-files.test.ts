import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Descriptor } from '../../../host/filesystem/descriptor.ts';
import { Guest, openStore, type ProtectedPath } from '../../../host/index.ts';
import { text, thrown } from '../streams.ts';
import { CREATE, FOLLOW, OPERATIONS, READ, WRITE } from './operations.ts';
import { preopened } from './preopened.ts';

const onLinux = test.skipIf(process.platform !== 'linux');
const STAT = ['stat', 'metadata hash'];

let top: string;
let root: string;
let guest: Guest;
let own: ProtectedPath[];

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'wasmcp-own-'));
  root = join(top, 'root');
  for (const path of ['state', 'cache/code', 'empty']) mkdirSync(join(root, path), { recursive: true });
  for (const path of ['file', 'server.wasm', 'state/note', 'state/store.db', 'state/store.db-wal']) {
    writeFileSync(join(root, path), path);
  }
  writeFileSync(join(root, 'cache/entry'), 'entry');
  own = [
    { path: join(root, 'state/store.db'), kind: 'database' },
    { path: join(root, 'server.wasm'), kind: 'file' },
    { path: join(root, 'cache'), kind: 'folder' },
    { path: join(root, 'not/yet/made'), kind: 'folder' },
  ];
  guest = new Guest();
});

afterEach(() => {
  guest.release();
  rmSync(top, { recursive: true });
});

function open(host = root, readOnly = false): Descriptor {
  const preopens = [{ host, guest: '/', readOnly }];
  return preopened(guest, { preopens, protected: own })[0];
}

/** All files below `top` with their content. */
function snapshot(folder = top): unknown[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    const { ino, nlink, mtimeMs } = lstatSync(path);
    const inside = entry.isDirectory() ? snapshot(path) : [];
    return [[path, ino, nlink, mtimeMs, entry.isFile() ? readFileSync(path, 'utf8') : ''], ...inside];
  });
}

describe('what the host itself uses', () => {
  test.each([
    'state/store.db',
    'state/store.db-wal',
    'state/../state/store.db',
    'cache',
    'cache/',
    'server.wasm',
  ])('is refused to every operation: %s', (path) => {
    const folder = open();
    const before = snapshot();
    for (const [name, operate] of Object.entries(OPERATIONS)) {
      if (STAT.includes(name)) operate(folder, path);
      else expect([name, thrown(() => operate(folder, path))]).toEqual([name, 'not-permitted']);
    }
    expect(thrown(() => folder.symlinkAt('file', path))).toBe('not-permitted');
    expect(snapshot()).toEqual(before);
  });

  test.each([
    'state/store.db-shm',
    'state/store.db-journal',
    'state/store.db-reserve',
    'state/store.db-opening',
    'state/store.db.0a1b',
    'cache/entry',
    'cache/new',
    'cache/code/new',
    'not',
  ])('is refused before it is created, and so is the content of a folder: %s', (path) => {
    const folder = open();
    const before = snapshot();
    const makes = ['open and create', 'make a directory', 'make a symbolic link', 'rename to', 'link to'];
    for (const name of makes) {
      expect([name, thrown(() => OPERATIONS[name]!(folder, path))]).toEqual([name, 'not-permitted']);
    }
    expect(snapshot()).toEqual(before);
  });

  test.each([
    ['a hard link', (path: string) => linkSync(join(root, 'state/store.db'), path)],
    ['a hard link of its log', (path: string) => linkSync(join(root, 'state/store.db-wal'), path)],
    ['a symbolic link', (path: string) => symlinkSync('state/store.db', path)],
  ])('is refused by %s that was there before', (_kind, make) => {
    make(join(root, 'other'));
    const folder = open();
    const before = snapshot();
    for (const name of ['open to read', 'open to write', 'open and truncate', 'open and create']) {
      expect([name, thrown(() => OPERATIONS[name]!(folder, 'other'))]).toEqual([name, 'not-permitted']);
    }
    expect(thrown(() => folder.setTimesAt(FOLLOW, 'other', { tag: 'now' }, { tag: 'now' }))).toBe(
      'not-permitted',
    );
    expect(snapshot()).toEqual(before);
  });

  test.each(['state', 'state/', 'state/.', 'empty/../state'])('cannot be moved with a folder: %s', (path) => {
    const folder = open();
    const before = snapshot();
    for (const name of ['remove a directory', 'unlink', 'rename from', 'rename to', 'link from', 'link to']) {
      expect([name, thrown(() => OPERATIONS[name]!(folder, path))]).toEqual([name, 'not-permitted']);
    }
    expect(thrown(() => folder.renameAt('empty', folder, path))).toBe('not-permitted');
    expect(snapshot()).toEqual(before);
    expect(folder.openAt({}, path, { directory: true }, READ).statAt({}, 'note').type).toBe('regular-file');
  });

  test('is refused from its own folder, from below and from above', () => {
    for (const [host, path] of [
      [join(root, 'state'), 'store.db'],
      [top, 'root/state/store.db'],
    ] as const) {
      expect(thrown(() => open(host).openAt({}, path, {}, READ))).toBe('not-permitted');
      expect(thrown(() => open(host, true).openAt({}, path, {}, READ))).toBe('not-permitted');
    }
    const state = open().openAt({}, 'state', { directory: true }, READ);
    expect(thrown(() => state.openAt({}, 'store.db', {}, READ))).toBe('not-permitted');
    expect(thrown(() => open(top).renameAt('root', open(top), 'moved'))).toBe('not-permitted');
  });

  test('is found through a symbolic link on its path, and that link is protected too', () => {
    symlinkSync('state', join(root, 'current'));
    own = [{ path: join(root, 'current/store.db'), kind: 'database' }];
    const folder = open();
    expect(thrown(() => folder.openAt({}, 'state/store.db', {}, READ))).toBe('not-permitted');
    for (const path of ['state', 'current']) {
      expect(thrown(() => folder.renameAt(path, folder, 'moved'))).toBe('not-permitted');
    }
    expect(thrown(() => folder.unlinkFileAt('current'))).toBe('not-permitted');
  });

  test('does not restrict other files, even with similar names', () => {
    const folder = open();
    expect(text(folder.openAt({}, 'state/note', {}, READ).read(99n, 0n)[0])).toBe('state/note');
    for (const path of ['state/store.dba', 'state/xstore.db', 'store.db', 'server.wasm.log', 'made']) {
      folder.openAt({}, path, CREATE, WRITE);
      folder.unlinkFileAt(path);
    }
    folder.setTimesAt({}, 'state', { tag: 'now' }, { tag: 'now' });
    folder.renameAt('empty', folder, 'full');
    const names: string[] = [];
    const entries = folder.readDirectory();
    for (let entry = entries.readDirectoryEntry(); entry; entry = entries.readDirectoryEntry()) {
      names.push(entry.name);
    }
    expect(names.sort()).toEqual(['cache', 'file', 'full', 'server.wasm', 'state']);
  });

  test('cannot be preopened itself', () => {
    for (const path of ['cache', 'cache/code']) {
      expect(() => open(join(root, path))).toThrow(/cannot be given to guests/);
    }
    renameSync(join(root, 'cache'), join(root, 'moved'));
    symlinkSync('moved', join(root, 'cache'));
    expect(() => open(join(root, 'moved/code'))).toThrow(/cannot be given to guests/);
  });
});

onLinux('no operation of a guest drops the locks of a store', async () => {
  const store = await openStore(`sqlite:${join(root, 'state/live.db')}`);
  try {
    await store.set('bucket', 'key', new Uint8Array(1));
    own = [{ path: join(root, 'state/live.db'), kind: 'database' }];
    const files = ['live.db', 'live.db-wal', 'live.db-shm'].map((name) => `state/${name}`);
    files.forEach((name, at) => {
      linkSync(join(root, name), join(root, `hard${at}`));
    });
    const inodes = files.map((name) => `:${statSync(join(root, name)).ino} `);
    const locks = (): string[] =>
      readFileSync('/proc/locks', 'utf8')
        .split('\n')
        .filter((line) => inodes.some((inode) => line.includes(inode)))
        .map((line) => line.replace(/^\d+: /, ''));
    const before = locks();
    expect(before.length).toBeGreaterThan(0);
    for (const readOnly of [false, true]) {
      const folder = open(root, readOnly);
      for (const path of [...files, 'hard0', 'hard1', 'hard2']) {
        for (const operate of Object.values(OPERATIONS)) {
          try {
            const result = operate(folder, path);
            if (result instanceof Object && Symbol.dispose in result)
              (result as Disposable)[Symbol.dispose]();
          } catch (error) {
            expect(error).toBeTypeOf('string');
          }
        }
      }
    }
    expect(locks()).toEqual(before);
    expect(existsSync(join(root, 'stolen'))).toBe(false);
  } finally {
    await store.close();
  }
});
