import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { run } from '../support/command.ts';
import { initialize } from '../support/mcp.ts';
import { createDisk, createMemoryVolume, noDisks, type Volume } from './disk.ts';
import { type ServedStore, serveStore } from './server.ts';

// Each test fills a disk through a server of its own.
vi.setConfig({ testTimeout: 240_000 });

const reason = noDisks();
const skip = reason !== undefined;
if (skip) console.info(`full disks are not tested: ${reason}`);

async function serveOn(disk: Volume, component?: string): Promise<ServedStore> {
  const path = join(disk.folder, 'store.db');
  const server = await serveStore({ path, durability: 'power', workers: 2, ...(component && { component }) });
  onTestFinished(async () => {
    server.child.kill('SIGKILL');
    await server.ended;
    disk.destroy();
  });
  return server;
}

async function ask(
  { url }: ServedStore,
  path: string,
  body: string | Uint8Array<ArrayBuffer> = '',
): Promise<string> {
  const response = await fetch(url + path, { method: 'POST', body });
  return `${response.status} ${await response.text()}`.trimEnd();
}

/** Writes values of this size until the disk is full; returns their number. */
async function fill(server: ServedStore, size: number): Promise<number> {
  for (let n = 0; ; n++) {
    const answer = await ask(server, `/set?key=${n}`, new Uint8Array(size).fill(n));
    if (answer === '200') continue;
    expect(answer).toBe('500 other: the store is full');
    return n;
  }
}

const DISKS = {
  'tmpfs of 24 MiB': () => createMemoryVolume(24),
  'tmpfs of 40 MiB': () => createMemoryVolume(40),
  'ext4 of 40 MiB': () => createDisk(40),
  'ext4 of 200 MiB': () => createDisk(200),
};

test.skipIf(skip).each([
  ['tmpfs of 24 MiB', 20_000],
  ['tmpfs of 24 MiB', 100_000],
  ['tmpfs of 24 MiB', 900_000],
  ['tmpfs of 40 MiB', 100_000],
  ['ext4 of 40 MiB', 20_000],
  ['ext4 of 40 MiB', 100_000],
  ['ext4 of 40 MiB', 300_000],
  ['ext4 of 200 MiB', 1_000_000],
] as const)(
  '%s, full of values of %d bytes: existing entries can be counted, changed and deleted',
  async (kind, size) => {
    const server = await serveOn(DISKS[kind]());
    expect(await ask(server, '/increment?key=counter')).toBe('200 1');
    const keys = await fill(server, size);
    expect(await ask(server, '/increment?key=counter')).toBe('200 2');
    expect(await ask(server, '/set?key=1', new Uint8Array(size))).toBe('200');
    for (let n = 0; n < keys; n++) expect(await ask(server, `/delete?key=${n}`)).toBe('200');
    expect(await ask(server, '/increment?key=counter')).toBe('200 3');
    // There is room again for nearly as many.
    for (let n = 0; n < keys / 2; n++) {
      expect(await ask(server, `/set?key=again-${n}`, new Uint8Array(size))).toBe('200');
    }
    await vi.waitFor(
      async () => {
        expect(await ask(server, `/set?key=${Math.random()}`, 'value')).toBe('200');
        expect(server.log()).toMatch(/store.*has room again/);
      },
      { timeout: 60_000, interval: 200 },
    );
    expect(server.log().match(/the store is full: free some space on its disk/g)).toHaveLength(1);
  },
);

test.skipIf(skip)('sessions are ended and purged on a full disk, with and without a server', async () => {
  const disk = createMemoryVolume(24);
  const server = await serveOn(disk, 'notes-draft');
  const ids: string[] = [];
  for (let n = 0; n < 3; n++) ids.push(await initialize(server.url));
  const hog = join(disk.folder, 'hog');
  fillUp(hog);
  const store = ['--store', `sqlite:${join(disk.folder, 'store.db')}`];
  expect(await run(['sessions', 'end', ids[0]!, ...store])).toMatchObject({ status: 0 });
  expect(await run(['sessions', 'purge', ids[0]!, ...store])).toMatchObject({ status: 0 });
  server.child.kill('SIGTERM');
  expect(await server.ended).toBe(0);
  fillUp(`${hog}-again`);
  expect(existsSync(join(disk.folder, 'store.db-shm'))).toBe(false);
  expect(await run(['sessions', 'end', ids[1]!, ...store])).toMatchObject({ status: 0 });
});

/** Fills the remaining space. */
function fillUp(path: string): void {
  execFileSync('sh', ['-c', 'cat /dev/zero > "$0" 2> /dev/null || true', path]);
}
