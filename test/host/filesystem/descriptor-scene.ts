import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Descriptor } from '../../../host/filesystem/descriptor.ts';
import { Guest } from '../../../host/index.ts';
import { preopened } from './preopened.ts';

/** Systems with /dev/full, /proc and mkfifo. */
export const onLinux: typeof test = test.skipIf(process.platform !== 'linux') as typeof test;

export const platform: PropertyDescriptor = Object.getOwnPropertyDescriptor(process, 'platform')!;

export let top: string;

export let root: string;

export let guest: Guest;

export function open(readOnly = false, host: string = root): Descriptor {
  const [descriptor, name] = preopened(guest, { preopens: [{ host, guest: '/data', readOnly }] });
  expect(name).toBe('/data');
  return descriptor;
}

/** All files below `top` with their content, to check that nothing has changed. */
export function snapshot(folder: string = top): unknown[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    const { ino, nlink, mtimeMs } = lstatSync(path);
    const inside = entry.isDirectory() ? snapshot(path) : [];
    return [[path, ino, nlink, mtimeMs, entry.isFile() ? readFileSync(path, 'utf8') : ''], ...inside];
  });
}

/** For all tests of a file. */
export function setUp(): void {
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
}
