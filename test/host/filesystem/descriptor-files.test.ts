import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { DescriptorFlags } from '../../../host/filesystem/flags.ts';
import { createHost } from '../../../host/index.ts';
import type { IoError } from '../../../host/io/error.ts';
import { bytes, testSink, text, thrown } from '../streams.ts';
import { guest, onLinux, open, root, setUp } from './descriptor-scene.ts';
import { CREATE, READ, WRITE } from './operations.ts';

setUp();

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
