import { execFileSync } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { thrown } from '../streams.ts';
import { guest, onLinux, open, root, setUp } from './descriptor-scene.ts';
import { FOLLOW, OPERATIONS, READ } from './operations.ts';

setUp();

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
