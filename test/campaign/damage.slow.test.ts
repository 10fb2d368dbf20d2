import {
  closeSync,
  copyFileSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { expect, onTestFinished, test, vi } from 'vitest';
import { maintain } from '../../host/index.ts';
import { type FaultyServer, serveWithFault } from './faults.ts';
import { createRandom } from './random.ts';

// Each test starts servers of its own.
vi.setConfig({ testTimeout: 120_000 });

const KEYS = 40;

/** A store with entries whose server was ended by this signal; `SIGKILL` leaves the log. */
async function left(signal: 'SIGKILL' | 'SIGTERM', size = 0): Promise<FaultyServer> {
  const faulty = await serveWithFault({ durability: 'process' });
  onTestFinished(() => faulty.destroy());
  for (let n = 0; n < KEYS; n++) expect(await faulty.ask(`/set?key=${n}`, value(n, size))).toBe('200');
  faulty.server.child.kill(signal);
  await faulty.server.ended;
  return faulty;
}

function value(n: number, size = 0): string {
  return `value ${n}`.padEnd(size, '.');
}

function overwrite(path: string, bytes: Uint8Array, at: number): void {
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.length, at);
  closeSync(file);
}

/** The number of entries: they must be the first ones, and the others must be missing. */
async function prefix(faulty: FaultyServer): Promise<number> {
  expect(await maintain(`sqlite:${faulty.path}`).check()).toEqual([]);
  const found = await Promise.all(Array.from({ length: KEYS }, (_, n) => faulty.ask(`/get?key=${n}`)));
  const count = found.findIndex((answer) => answer.startsWith('404'));
  const there = count < 0 ? KEYS : count;
  expect(found).toEqual(
    found.map((_, n) => (n < there ? `200 ${value(n)}` : (expect.stringMatching(/^404/) as string))),
  );
  return there;
}

test('a truncated log keeps everything before the cut, and nothing else', async () => {
  const faulty = await left('SIGKILL');
  const log = `${faulty.path}-wal`;
  truncateSync(log, Math.floor(statSync(log).size * 0.6));
  const again = await faulty.restart();
  const there = await prefix(again);
  expect(there).toBeGreaterThan(0);
  expect(there).toBeLessThan(KEYS);
  expect(await again.ask('/set?key=39', 'new')).toBe('200');
});

test('a torn page in the log ends it there', async () => {
  const faulty = await left('SIGKILL');
  const log = `${faulty.path}-wal`;
  const { size } = statSync(log);
  const at = createRandom(7).whole(Math.floor(0.4 * size), Math.floor(0.8 * size));
  overwrite(log, Buffer.alloc(512, 0xa5), at);
  const again = await faulty.restart();
  const there = await prefix(again);
  expect(there).toBeGreaterThan(0);
  expect(there).toBeLessThan(KEYS);
  expect(await again.ask('/set?key=39', 'new')).toBe('200');
});

test('the log of another store is refused and left alone; without it the store is as it was', async () => {
  const [mine, other] = [await left('SIGTERM'), await left('SIGKILL', 100)];
  const log = `${mine.path}-wal`;
  copyFileSync(`${other.path}-wal`, log);
  const before = [readFileSync(mine.path), readFileSync(log)];
  await expect(mine.restart()).rejects.toThrow(
    /ended with 1: error: sqlite:\S+ and its log do not belong together: move \S+-wal away/,
  );
  expect([readFileSync(mine.path), readFileSync(log)]).toEqual(before);
  renameSync(log, `${mine.path}.foreign`);
  const again = await mine.restart();
  expect(await prefix(again)).toBe(KEYS);
  expect(await again.ask('/set?key=39', 'new')).toBe('200');
});

test('an invalid header is refused, and the file is left unchanged', async () => {
  const faulty = await left('SIGTERM');
  const header = readFileSync(faulty.path).subarray(0, 16);
  overwrite(faulty.path, Buffer.from('not a database..'), 0);
  const before = readFileSync(faulty.path);
  await expect(faulty.restart()).rejects.toThrow(/ended with 1: error: sqlite:\S+ is not a SQLite database/);
  expect(readFileSync(faulty.path)).toEqual(before);
  overwrite(faulty.path, header, 0);
  const again = await faulty.restart();
  expect(await prefix(again)).toBe(KEYS);
  expect(await again.ask('/set?key=39', 'new')).toBe('200');
});

test('a damaged page fails its readers, is found by the check, and is repaired by a backup', async () => {
  const faulty = await left('SIGTERM', 3000);
  const url = `sqlite:${faulty.path}`;
  const backup = `${faulty.path}.backup`;
  await maintain(url).backup(backup);
  // At a position within the values, each of which takes most of a page.
  const at = Math.floor(statSync(faulty.path).size / 2 / 4096) * 4096;
  overwrite(faulty.path, Buffer.alloc(4096, 0xa5), at);
  const hurt = await faulty.restart();
  const answers = await Promise.all(Array.from({ length: KEYS }, (_, n) => hurt.ask(`/get?key=${n}`)));
  const bad = answers.filter((answer) => answer === '500 other: the store is not usable');
  const good = answers.filter((answer, n) => answer === `200 ${value(n, 3000)}`);
  expect(bad.length).toBeGreaterThan(0);
  expect(good.length).toBeGreaterThan(0);
  expect(bad.length + good.length).toBe(KEYS);
  expect(await maintain(url).check()).not.toEqual([]);
  hurt.server.child.kill('SIGTERM');
  await hurt.server.ended;
  renameSync(faulty.path, `${faulty.path}.damaged`);
  await maintain(url).restore(backup);
  const again = await faulty.restart();
  for (let n = 0; n < KEYS; n++) expect(await again.ask(`/get?key=${n}`)).toBe(`200 ${value(n, 3000)}`);
  expect(await again.ask('/set?key=39', 'new')).toBe('200');
});
