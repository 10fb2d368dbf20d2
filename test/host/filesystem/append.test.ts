import { once } from 'node:events';
import {
  constants,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Descriptor } from '../../../host/filesystem/descriptor.ts';
import { Guest } from '../../../host/index.ts';
import { bytes, thrown } from '../streams.ts';
import type { Work } from './appending-worker.ts';
import { preopened } from './preopened.ts';

const onLinux = test.skipIf(process.platform !== 'linux');
const platform = Object.getOwnPropertyDescriptor(process, 'platform')!;

let folder: string;
let guest: Guest;
let file: Descriptor;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wasmcp-append-'));
  guest = new Guest();
  writeFileSync(join(folder, 'log'), 'first;');
  file = open('log');
});

afterEach(() => {
  Object.defineProperty(process, 'platform', platform);
  guest.release();
  rmSync(folder, { recursive: true });
});

function open(name: string, sync = false): Descriptor {
  const [root] = preopened(guest, { preopens: [{ host: folder, guest: '/' }] });
  return root.openAt({}, name, {}, { read: true, write: true, fileIntegritySync: sync });
}

function log(name = 'log'): string {
  return readFileSync(join(folder, name), 'utf8');
}

/** Systems where a file cannot be reopened by its descriptor. */
function elsewhere(): void {
  Object.defineProperty(process, 'platform', { ...platform, value: 'darwin' });
}

test('concurrent appends of several workers lose nothing', async () => {
  const names = ['one', 'two'];
  const lines = 10_000;
  const ready = new Int32Array(new SharedArrayBuffer(4));
  unlinkSync(join(folder, 'log'));
  const workers = names.map((name) => {
    const workerData: Work = { folder, name, lines, workers: names.length, ready };
    return new Worker(new URL('./appending-worker.ts', import.meta.url), { workerData, execArgv: [] });
  });
  expect(await Promise.all(workers.map((worker) => once(worker, 'exit')))).toEqual([[0], [0]]);
  const written = log().trimEnd().split('\n');
  for (const name of names) {
    const own = written.filter((line) => line.startsWith(name));
    expect(own).toEqual(Array.from({ length: lines }, (_, line) => `${name} ${line}`));
  }
  expect(written).toHaveLength(names.length * lines);
});

onLinux('a file can be appended to after it was moved or removed', () => {
  renameSync(join(folder, 'log'), join(folder, 'moved'));
  writeFileSync(join(folder, 'log'), 'another;');
  file.appendViaStream().blockingWriteAndFlush(bytes('second;'));
  expect([log('moved'), log()]).toEqual(['first;second;', 'another;']);
  unlinkSync(join(folder, 'moved'));
  file.appendViaStream().blockingWriteAndFlush(bytes('third'));
  expect(file.stat().size).toBe(18n);
  expect(existsSync(join(folder, 'moved'))).toBe(false);
});

onLinux('where the file is found by its name, another file of that name is not appended to', () => {
  elsewhere();
  file.appendViaStream().blockingWriteAndFlush(bytes('second;'));
  expect(log()).toBe('first;second;');
  renameSync(join(folder, 'log'), join(folder, 'moved'));
  expect(thrown(() => file.appendViaStream())).toBe('no-entry');
  writeFileSync(join(folder, 'log'), 'another;');
  const before = readdirSync('/proc/self/fd').length;
  expect(thrown(() => file.appendViaStream())).toBe('no-entry');
  expect(readdirSync('/proc/self/fd')).toHaveLength(before);
  expect([log('moved'), log()]).toEqual(['first;second;', 'another;']);
});

onLinux('closes an appending stream when it is dropped, and at the end of the request in any case', () => {
  const count = (): number => readdirSync('/proc/self/fd').length;
  const before = count();
  const [left, kept] = [file.appendViaStream(), file.appendViaStream()];
  expect(count()).toBe(before + 2);
  left[Symbol.dispose]();
  left[Symbol.dispose]();
  expect(count()).toBe(before + 1);
  file[Symbol.dispose]();
  kept.blockingWriteAndFlush(bytes('second;'));
  expect(log()).toBe('first;second;');
  guest.release();
  // The folder where it was found is closed with it.
  expect(count()).toBe(before - 2);
});

onLinux('an appending stream keeps the sync flags of its file', () => {
  const log = join(folder, 'log');
  const durable = open('log', true);
  file[Symbol.dispose]();
  durable.appendViaStream();
  const flags = readdirSync('/proc/self/fd')
    .filter(
      (number) => existsSync(`/proc/self/fd/${number}`) && readlinkSync(`/proc/self/fd/${number}`) === log,
    )
    .map((number) => /flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${number}`, 'utf8'))![1]!);
  expect(flags.map((octal) => Number.parseInt(octal, 8) & constants.O_SYNC)).toEqual([
    constants.O_SYNC,
    constants.O_SYNC,
  ]);
});
