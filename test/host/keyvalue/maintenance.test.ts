import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { maintain } from '../../../host/keyvalue/maintenance.ts';
import { openStore } from '../../../host/keyvalue/open.ts';
import type { MaintenanceStep } from '../../../host/keyvalue/store-maintenance.ts';

const ANY = { min: 0n, max: 2n ** 63n };
let folder: string;
let url: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyvalue-'));
  url = `sqlite:${join(folder, 'store.db')}`;
});

afterEach(() => rmSync(folder, { recursive: true }));

async function fill(keys: number): Promise<void> {
  const store = await openStore(url);
  const entries = Array.from({ length: keys }, (_, n) => [`${n}`, new Uint8Array(1000).fill(n)] as const);
  await store.setMany('b', entries);
  await store.close();
}

/** Overwrites the middle of the file. */
function damage(path: string): void {
  writeSync(openSync(path, 'r+'), Buffer.alloc(20_000, 0xff), 0, 20_000, 40_960);
}

test('an intact store has no problems, and describes its content', async () => {
  await fill(100);
  const store = await openStore(url);
  await store.set('other', 'k', new Uint8Array(7));
  const { check, info } = maintain(url);
  expect(await check()).toEqual([]);
  expect(await info()).toMatchObject({
    schema: 4,
    newestSchema: 4,
    buckets: [
      { name: 'b', keys: 100, valueSize: 100_000 },
      { name: 'other', keys: 1, valueSize: 7 },
    ],
  });
  await store.close();
  expect(readdirSync(folder)).toEqual(['store.db']);
});

test('damage is found', async () => {
  await fill(100);
  damage(join(folder, 'store.db'));
  const problems = await maintain(url).check();
  expect(problems).not.toEqual([]);
  await expect(
    maintain(join('sqlite:', folder, 'other.db')).restore(join(folder, 'store.db')),
  ).rejects.toThrow(expect.objectContaining({ code: 'store-unusable' }));
});

test('a missing store is not created', async () => {
  await expect(maintain(url).info()).rejects.toThrow(expect.objectContaining({ code: 'store-unusable' }));
  await expect(maintain(url).backup(join(folder, 'copy.db'))).rejects.toThrow(/does not exist/);
  expect(readdirSync(folder)).toEqual([]);
});

test('a backup is a consistent snapshot, and can be restored', async () => {
  await fill(100);
  const copy = join(folder, 'copy.db');
  const store = await openStore(url);
  const { version } = await store.read('b', '7');
  await maintain(url).backup(copy);
  await store.set('b', 'later', new Uint8Array(1));
  await store.close();
  expect((statSync(copy).mode & 0o777).toString(8)).toBe('600');
  const restored = `sqlite:${join(folder, 'restored', 'store.db')}`;
  await maintain(restored).restore(copy);
  const again = await openStore(restored);
  expect(await again.read('b', '7')).toMatchObject({ value: new Uint8Array(1000).fill(7), version });
  expect(await again.exists('b', 'later')).toBe(false);
  await again.set('b', 'later', new Uint8Array(1));
  await again.close();
});

test('a backup taken under load is a consistent snapshot', async () => {
  await fill(500);
  const module = new URL('../../../host/keyvalue/open.ts', import.meta.url).href;
  // Two counters that are equal in every snapshot.
  const code = `import(${JSON.stringify(module)}).then(async ({ openStore }) => {
    const { parentPort } = require('node:worker_threads');
    const store = await openStore(${JSON.stringify(url)}, { durability: 'process' });
    let stopped = false;
    parentPort.once('message', () => { stopped = true; });
    for (let n = 1n; !stopped; n++) {
      const value = Buffer.from(String(n));
      store.setMany('pair', [['left', value], ['right', value]]);
      if (n === 10n) parentPort.postMessage('running');
      if (n % 16n === 0n) await new Promise(setImmediate);
    }
    store.close();
  });`;
  const worker = new Worker(code, { eval: true });
  await once(worker, 'message');
  const copies = [0, 1, 2].map((n) => join(folder, `copy-${n}.db`));
  for (const copy of copies) await maintain(url).backup(copy);
  worker.postMessage('stop');
  await once(worker, 'exit');
  for (const copy of copies) {
    expect(await maintain(`sqlite:${copy}`).check()).toEqual([]);
    const store = await openStore(`sqlite:${copy}`);
    const [left, right] = await store.getMany('pair', ['left', 'right']);
    expect(Buffer.from(left!).toString()).toBe(Buffer.from(right!).toString());
    expect((await store.list('b')).keys).toHaveLength(500);
    await store.close();
  }
});

test.each(['', '-wal', '-shm'])('existing files are not overwritten: store.db%s', async (end) => {
  await fill(10);
  const copy = join(folder, 'copy.db');
  await maintain(url).backup(copy);
  const taken = join(folder, 'target.db');
  writeFileSync(taken + end, 'precious');
  const before = readdirSync(folder);
  await expect(maintain(url).backup(taken)).rejects.toThrow(/exists: choose another path/);
  await expect(maintain(`sqlite:${taken}`).restore(copy)).rejects.toThrow(/exists: choose another path/);
  expect(readFileSync(taken + end, 'utf8')).toBe('precious');
  expect(readdirSync(folder)).toEqual(before);
});

test('a file that is not a store is neither copied nor restored', async () => {
  const text = join(folder, 'text.db');
  writeFileSync(
    text,
    'not a database at all, but quite long enough to be read as the header of one, one hopes',
  );
  await expect(maintain(url).restore(text)).rejects.toThrow(/is not a SQLite database/);
  const theirs = join(folder, 'theirs.db');
  const database = new DatabaseSync(theirs);
  database.exec('CREATE TABLE recipes (name TEXT)');
  database.close();
  await expect(maintain(url).restore(theirs)).rejects.toThrow(/of another program/);
  expect(existsSync(join(folder, 'store.db'))).toBe(false);
});

test('a store of this schema needs no migration', async () => {
  await fill(1);
  expect(await maintain(url).migrate()).toBe(4);
});

test('only stores in files can be maintained', () => {
  expect(() => maintain('memory:')).toThrow(expect.objectContaining({ code: 'option-invalid' }));
});

test('counters continue in a restored store', async () => {
  const store = await openStore(url);
  await store.increment('b', 'n', 41n, ANY);
  await store.close();
  await maintain(url).backup(join(folder, 'copy.db'));
  const copy = await openStore(`sqlite:${join(folder, 'copy.db')}`);
  expect(await copy.increment('b', 'n', 1n, ANY)).toBe(42n);
  await copy.close();
});

test('reports each step, and the progress of a copy', async () => {
  await fill(2000);
  const copy = join(folder, 'copy.db');
  const told: [MaintenanceStep, number | undefined][] = [];
  const tell = (step: MaintenanceStep, fraction?: number): void => void told.push([step, fraction]);
  const { check, backup, migrate } = maintain(url);
  await check(tell);
  await backup(copy, tell);
  await migrate(tell);
  await maintain(`sqlite:${join(folder, 'restored.db')}`).restore(copy, tell);
  const steps = told.map(([step]) => step).filter((step, n, all) => step !== all[n - 1]);
  expect(steps).toEqual(['check', 'copy', 'migrate', 'check', 'copy']);
  for (const [step, fraction] of told) {
    if (step !== 'copy') expect(fraction).toBeUndefined();
    else expect(fraction! >= 0 && fraction! <= 1).toBe(true);
  }
});

test('does not block this thread while a store is read', async () => {
  await fill(2000);
  let turns = 0;
  const turn = (): void => {
    turns += 1;
    timer = setImmediate(turn);
  };
  let timer = setImmediate(turn);
  await maintain(url).check();
  clearImmediate(timer);
  expect(turns).toBeGreaterThan(10);
});
