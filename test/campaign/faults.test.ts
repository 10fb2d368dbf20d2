import { openSync, readFileSync, statSync, truncateSync, writeSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { maintain } from '../../host/index.ts';
import { canFail, type Fault, type FaultyServer, serveWithFault } from './faults.ts';
import { createRandom } from './random.ts';

// Each starts servers of its own, and syncs to a disk that others may keep busy.
vi.setConfig({ testTimeout: 120_000 });

async function start(
  fault: Fault,
  durability: 'power' | 'strict' | 'process' = 'power',
): Promise<FaultyServer> {
  const faulty = await serveWithFault(fault, durability);
  onTestFinished(() => faulty.destroy());
  return faulty;
}

async function restart(faulty: FaultyServer): Promise<FaultyServer> {
  const again = await faulty.restart();
  onTestFinished(async () => {
    again.server.child.kill('SIGKILL');
    await again.server.ended;
  });
  return again;
}

describe.skipIf(!canFail())('a disk that fails', () => {
  test('power: a sync that fails is acknowledged to nobody, and ends the server', async () => {
    const faulty = await start({ call: 'sync', file: '-wal', error: 'EIO' });
    expect(await faulty.ask('/set?key=before', 'value')).toBe('200');
    faulty.begin();
    const answers = await Promise.all(
      [1, 2, 3].map((n) => faulty.ask(`/set?key=${n}`, 'value').catch(String)),
    );
    expect(answers).not.toContain('200');
    expect(answers).toContain('503 Service Unavailable');
    expect(await faulty.server.ended).toBe(1);
    expect(faulty.server.log()).toMatch(/error: sqlite:\S+ could not be synced to its disk \(EIO/);
    const again = await restart(faulty);
    expect(await again.ask('/get?key=before')).toBe('200 value');
    expect(await again.ask('/set?key=after', 'value')).toBe('200');
  });

  test('strict: the write that could not be synced fails, and the server ends', async () => {
    const faulty = await start({ call: 'sync', file: '-wal', error: 'EIO' }, 'strict');
    expect(await faulty.ask('/set?key=before', 'value')).toBe('200');
    faulty.begin();
    expect(await faulty.ask('/set?key=k', 'value').catch(String)).not.toMatch(/^200/);
    expect(await faulty.server.ended).toBe(1);
    const again = await restart(faulty);
    expect(await again.ask('/get?key=before')).toBe('200 value');
  });

  test('a full disk: writes say so, reads go on, and so do writes when there is room', async () => {
    const faulty = await start({ call: 'write', file: '-wal', error: 'ENOSPC' });
    expect(await faulty.ask('/set?key=before', 'value')).toBe('200');
    faulty.begin();
    expect(await faulty.ask('/set?key=k', 'value')).toBe('500 other: the store is full');
    expect(await faulty.ask('/get?key=before')).toBe('200 value');
    expect(await faulty.ask('/get?key=k')).toMatch(/^404/);
    faulty.end();
    expect(await faulty.ask('/set?key=k', 'value')).toBe('200');
    expect(await faulty.ask('/get?key=k')).toBe('200 value');
  });

  test('a write that fails is not acknowledged, and the next good one is', async () => {
    const faulty = await start({ call: 'write', file: '-wal', error: 'EIO' });
    expect(await faulty.ask('/set?key=before', 'value')).toBe('200');
    faulty.begin();
    expect(await faulty.ask('/set?key=before', 'other')).toBe('500 other: the store is not usable');
    expect(await faulty.ask('/get?key=before')).toBe('200 value');
    faulty.end();
    expect(await faulty.ask('/set?key=before', 'new')).toBe('200');
  });
});

describe.skipIf(!canFail())('files that come to harm while no server runs', () => {
  /** A server that was killed with many entries in its log; each says its number. */
  async function killed(): Promise<FaultyServer> {
    const faulty = await start({ call: 'write', file: '-wal', error: 'EIO' }, 'process');
    for (let n = 0; n < 40; n++) expect(await faulty.ask(`/set?key=${n}`, `value ${n}`)).toBe('200');
    faulty.server.child.kill('SIGKILL');
    await faulty.server.ended;
    return faulty;
  }

  /** The entries must be the first so many. */
  async function prefix(faulty: FaultyServer): Promise<number> {
    expect(maintain(`sqlite:${faulty.path}`).check()).toEqual([]);
    const found = await Promise.all(Array.from({ length: 40 }, (_, n) => faulty.ask(`/get?key=${n}`)));
    const count = found.findIndex((answer) => answer.startsWith('404'));
    const there = count < 0 ? 40 : count;
    expect(found).toEqual(
      found.map((_, n) => (n < there ? `200 value ${n}` : (expect.stringMatching(/^404/) as string))),
    );
    return there;
  }

  test('a log that was cut off has all up to there, and nothing else', async () => {
    const faulty = await killed();
    const log = `${faulty.path}-wal`;
    truncateSync(log, Math.floor(statSync(log).size * 0.6));
    const again = await restart(faulty);
    const there = await prefix(again);
    expect(there).toBeGreaterThan(0);
    expect(there).toBeLessThan(40);
    expect(await again.ask('/set?key=39', 'value 39')).toBe('200');
  });

  test('a torn page in the log ends it there', async () => {
    const faulty = await killed();
    const log = `${faulty.path}-wal`;
    const { size } = statSync(log);
    const at = createRandom(7).whole(Math.floor(0.4 * size), Math.floor(0.8 * size));
    writeSync(openSync(log, 'r+'), Buffer.alloc(512, 0xa5), 0, 512, at);
    const there = await prefix(await restart(faulty));
    expect(there).toBeGreaterThan(0);
    expect(there).toBeLessThan(40);
  });

  test('a header that is none is refused, and the file left as it is', async () => {
    const faulty = await killed();
    const { server } = await restart(faulty);
    server.child.kill('SIGTERM');
    expect(await server.ended).toBe(0);
    writeSync(openSync(faulty.path, 'r+'), 'not a database..', 0);
    const before = readFileSync(faulty.path);
    await expect(faulty.restart()).rejects.toThrow(
      /ended with 1: error: sqlite:\S+ is not a SQLite database/,
    );
    expect(readFileSync(faulty.path)).toEqual(before);
  });
});

test.skipIf(!canFail())(
  'a database that another program has locked is busy, and good again afterwards',
  async () => {
    const faulty = await start({ call: 'sync', file: '-wal', error: 'EIO' });
    expect(await faulty.ask('/set?key=k', 'value')).toBe('200');
    const other = new DatabaseSync(faulty.path);
    other.exec('BEGIN IMMEDIATE');
    const waiting = faulty.ask('/set?key=k', 'new');
    expect(await faulty.ask('/get?key=k')).toBe('200 value');
    other.exec('ROLLBACK');
    other.close();
    expect(await waiting).toBe('200');
  },
);
