import { chmodSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { openStore } from '../../host/index.ts';
import {
  canFail,
  type FaultSettings,
  type FaultyServer,
  serveWithFault,
  withoutPrivileges,
} from './faults.ts';

// Each test starts servers of its own, and syncs to a disk that other programs may keep busy.
vi.setConfig({ testTimeout: 120_000 });

async function start(settings: FaultSettings): Promise<FaultyServer> {
  const faulty = await serveWithFault(settings);
  onTestFinished(() => faulty.destroy());
  return faulty;
}

describe.skipIf(!canFail())('a disk that fails', () => {
  test.each(['EIO', 'ENOSPC'] as const)(
    'power: writes whose sync fails with %s are not acknowledged, and the server ends',
    async (error) => {
      const faulty = await start({ fault: { call: 'sync', file: '-wal', error } });
      expect(await faulty.ask('/set?key=before', 'value')).toBe('200');
      faulty.begin();
      const answers = await Promise.all(
        [1, 2, 3].map((n) => faulty.ask(`/set?key=${n}`, 'value').catch(String)),
      );
      expect(answers).not.toContain('200');
      expect(answers).toContain('503 Service Unavailable');
      expect(await faulty.server.ended).toBe(1);
      expect(faulty.server.log()).toMatch(
        new RegExp(`error: sqlite:\\S+ could not be synced to its disk \\(${error}`),
      );
      const again = await faulty.restart();
      expect(await again.ask('/get?key=before')).toBe('200 value');
      expect(await again.ask('/set?key=after', 'value')).toBe('200');
    },
  );

  test('power: outgoing requests of guests wait for the sync as responses do', async () => {
    const arrived: string[] = [];
    const peer = createServer((request, response) => {
      arrived.push(request.url!);
      response.end();
    });
    await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void peer.close());
    const target = `http://127.0.0.1:${(peer.address() as AddressInfo).port}`;
    const faulty = await start({
      fault: { call: 'sync', file: '-wal', error: 'EIO' },
      component: 'http-lab',
    });
    const send = (name: string): Promise<string> =>
      faulty.ask(`/outgoing?url=${encodeURIComponent(`${target}/${name}`)}`).catch(String);
    const store = await openStore(`sqlite:${faulty.path}`, { durability: 'process' });
    onTestFinished(() => store.close());
    await store.set('default', 'k', new Uint8Array(1));
    expect(await send('written')).toMatch(/^200 status: 200/);
    faulty.begin();
    expect(await send('nothing-written-since')).toMatch(/^200 status: 200/);
    await store.set('default', 'k', new Uint8Array(2));
    expect(await send('not-on-disk')).not.toMatch(/^200/);
    expect(await faulty.server.ended).toBe(1);
    expect(arrived).toEqual(['/written', '/nothing-written-since']);
  });

  test('strict: the write that could not be synced fails, and the server ends', async () => {
    const faulty = await start({
      fault: { call: 'sync', file: '-wal', error: 'EIO' },
      durability: 'strict',
    });
    expect(await faulty.ask('/set?key=before', 'value')).toBe('200');
    faulty.begin();
    expect(await faulty.ask('/set?key=k', 'value').catch(String)).not.toMatch(/^200/);
    expect(await faulty.server.ended).toBe(1);
    const again = await faulty.restart();
    expect(await again.ask('/get?key=before')).toBe('200 value');
    expect(await again.ask('/set?key=after', 'value')).toBe('200');
  });

  test('a full disk fails writes, not reads, and writes work again once there is room', async () => {
    const faulty = await start({ fault: { call: 'write', file: '-wal', error: 'ENOSPC' } });
    expect(await faulty.ask('/set?key=before', 'value')).toBe('200');
    faulty.begin();
    expect(await faulty.ask('/set?key=k', 'value')).toBe('500 other: the store is full');
    expect(await faulty.ask('/get?key=before')).toBe('200 value');
    expect(await faulty.ask('/get?key=k')).toMatch(/^404/);
    faulty.end();
    expect(await faulty.ask('/set?key=k', 'value')).toBe('200');
    expect(await faulty.ask('/get?key=k')).toBe('200 value');
  });

  test.each(['EIO', 'EROFS'] as const)(
    'a write that fails with %s is not acknowledged, and the next one that succeeds is',
    async (error) => {
      const faulty = await start({ fault: { call: 'write', file: '-wal', error } });
      expect(await faulty.ask('/set?key=before', 'value')).toBe('200');
      faulty.begin();
      expect(await faulty.ask('/set?key=before', 'other')).toBe('500 other: the store is not usable');
      expect(await faulty.ask('/get?key=before')).toBe('200 value');
      faulty.end();
      expect(await faulty.ask('/set?key=before', 'new')).toBe('200');
    },
  );

  test.each([
    { call: 'write', file: 'store.db', error: 'EIO' },
    { call: 'sync', file: 'store.db', error: 'EIO' },
  ] as const)('a checkpoint that fails loses nothing, as the log keeps everything: %o', async (fault) => {
    const faulty = await start({ fault });
    faulty.begin();
    // More than the thousand pages after which a commit checkpoints.
    const values = Array.from({ length: 50 }, (_, n) => String(n).padEnd(100_000, '.'));
    for (const [n, value] of values.entries()) expect(await faulty.ask(`/set?key=${n}`, value)).toBe('200');
    faulty.server.child.kill('SIGKILL');
    await faulty.server.ended;
    faulty.end();
    const again = await faulty.restart();
    for (const [n, value] of values.entries()) expect(await again.ask(`/get?key=${n}`)).toBe(`200 ${value}`);
    expect(await again.ask('/set?key=after', 'value')).toBe('200');
  });
});

const YEARS = 10 * 365 * 24 * 3600;

describe.skipIf(!canFail())('a wall clock that is set', () => {
  test.each([
    ['forward', YEARS],
    ['back', -YEARS],
  ])('%s and back: only the times of entries are affected', async (_, shift) => {
    const faulty = await start({ fault: { call: 'clock', shift } });
    const keys = async (): Promise<unknown> =>
      (JSON.parse((await faulty.ask('/list')).slice(4)) as { keys: unknown }).keys;
    expect(await faulty.ask('/set?key=a', 'before')).toBe('200');
    expect(await faulty.ask('/set?key=gone', 'before')).toBe('200');
    expect(await faulty.ask('/increment?key=n')).toBe('200 1');
    faulty.begin();
    expect(await faulty.ask('/set?key=b', 'between')).toBe('200');
    expect(await faulty.ask('/set?key=a', 'between')).toBe('200');
    expect(await faulty.ask('/delete?key=gone')).toBe('200');
    expect(await faulty.ask('/increment?key=n')).toBe('200 2');
    expect(await keys()).toEqual(['a', 'n', 'b']);
    faulty.end();
    expect(await faulty.ask('/set?key=gone', 'after')).toBe('200');
    expect(await faulty.ask('/increment?key=n')).toBe('200 3');
    expect(await faulty.ask('/get?key=a')).toBe('200 between');
    expect(await keys()).toEqual(['a', 'n', 'b', 'gone']);
    faulty.server.child.kill('SIGKILL');
    await faulty.server.ended;
    const database = new DatabaseSync(faulty.path, { readOnly: true });
    const row = database.prepare(`SELECT updated - created AS step FROM kv WHERE key = CAST('a' AS BLOB)`);
    expect(Math.round(Number(row.get()!.step) / 3_600_000)).toBe(shift / 3600);
    database.close();
    const again = await faulty.restart();
    expect(await again.ask('/get?key=a')).toBe('200 between');
    expect(await again.ask('/increment?key=n')).toBe('200 4');
  });
});

const wrapper = withoutPrivileges();

describe.skipIf(wrapper === undefined)('files without write permission', () => {
  /** A store with one entry and no running server. */
  async function stopped(): Promise<FaultyServer> {
    const faulty = await start({ wrapper: wrapper! });
    expect(await faulty.ask('/set?key=before', 'value')).toBe('200');
    faulty.server.child.kill('SIGTERM');
    expect(await faulty.server.ended).toBe(0);
    return faulty;
  }

  test.each([
    [
      'file',
      (path: string) => path,
      0o400,
      0o600,
      /ended with 1: error: sqlite:\S+ cannot be used: check the permissions .*EACCES/,
    ],
    [
      'folder',
      (path: string) => dirname(path),
      0o500,
      0o700,
      /ended with 1: error: sqlite:\S+ cannot be written: check the permissions of the file and its folder/,
    ],
  ] as const)(
    'a %s: the start is refused, and succeeds once it is writable',
    async (_, of, closed, open, words) => {
      const faulty = await stopped();
      chmodSync(of(faulty.path), closed);
      await expect(faulty.restart()).rejects.toThrow(words);
      chmodSync(of(faulty.path), open);
      const again = await faulty.restart();
      expect(await again.ask('/get?key=before')).toBe('200 value');
      expect(await again.ask('/set?key=after', 'value')).toBe('200');
    },
  );

  test('a server that already has it open continues', async () => {
    const faulty = await start({ wrapper: wrapper! });
    expect(await faulty.ask('/set?key=k', 'value')).toBe('200');
    chmodSync(faulty.path, 0o400);
    chmodSync(dirname(faulty.path), 0o500);
    expect(await faulty.ask('/set?key=k', 'new')).toBe('200');
    expect(await faulty.ask('/get?key=k')).toBe('200 new');
  });
});

describe('a database that another program has locked', () => {
  test('is waited for, and reads continue', async () => {
    const { ask, path } = await start({ workers: 2 });
    expect(await ask('/set?key=k', 'value')).toBe('200');
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    const waiting = ask('/set?key=k', 'new');
    // The write blocks its worker; until the other one has started, reads wait with it.
    const read = async (): Promise<string> =>
      (await Promise.race([ask('/get?key=k'), pause(500, undefined)])) ?? read();
    expect(await read()).toBe('200 value');
    other.exec('ROLLBACK');
    other.close();
    expect(await waiting).toBe('200');
  });

  test('is busy after five seconds, and works again afterwards', async () => {
    const { ask, path } = await start({});
    const other = new DatabaseSync(path);
    other.exec('BEGIN EXCLUSIVE');
    expect(await ask('/set?key=k', 'value')).toBe('500 other: the store is busy: try again');
    other.exec('ROLLBACK');
    other.close();
    expect(await ask('/set?key=k', 'value')).toBe('200');
  });
});
