import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connect } from '../../../../host/keyvalue/sqlite/connection.ts';
import { openSqlite } from '../../../../host/keyvalue/sqlite/open.ts';
import { networkFileSystem } from '../../../../host/keyvalue/sqlite/prepare-file.ts';

const S64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };
const one = Uint8Array.of(1);
let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyvalue-'));
  path = join(folder, 'store.db');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function mode(file: string): string {
  return (statSync(file).mode & 0o777).toString(8);
}

/** All files of the folder with their content. */
function files(): Record<string, Buffer> {
  return Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [name, readFileSync(join(folder, name))]),
  );
}

/** Runs SQL in the file as another program would. Not while a store is open: SQLite's locks do not work between two copies of the library in one process. */
function sql(text: string): void {
  const database = new DatabaseSync(path);
  try {
    database.exec(text);
  } finally {
    database.close();
  }
}

function unusable(words: RegExp): unknown {
  return expect.objectContaining({ code: 'store-unusable', message: expect.stringMatching(words) });
}

test('missing folders and all files are created for the owner only', async () => {
  path = join(folder, 'a', 'b', 'store.db');
  const store = openSqlite(path);
  await store.set('b', 'k', one);
  expect([mode(join(folder, 'a')), mode(join(folder, 'a', 'b'))]).toEqual(['700', '700']);
  expect(readdirSync(join(folder, 'a', 'b')).sort()).toEqual(['store.db', 'store.db-shm', 'store.db-wal']);
  expect([mode(path), mode(`${path}-wal`), mode(`${path}-shm`)]).toEqual(['600', '600', '600']);
  await store.close();
});

test('keeps the mode of an existing folder', async () => {
  chmodSync(folder, 0o755);
  await openSqlite(path).close();
  expect(mode(folder)).toBe('755');
});

test('the last connection to close leaves a single file with all data', async () => {
  const [first, second] = [openSqlite(path), openSqlite(path)];
  await first.set('b', 'k', one);
  expect(await second.get('b', 'k')).toEqual(one);
  await second.set('b', 'l', one);
  await first.close();
  expect(statSync(`${path}-wal`).size).toBe(0);
  expect(await second.exists('b', 'k')).toBe(true);
  await second.close();
  expect(readdirSync(folder)).toEqual(['store.db']);
  const again = openSqlite(path);
  expect(await again.list('b')).toEqual({ keys: ['k', 'l'], cursor: undefined });
  await again.close();
});

test('versions and ids continue after reopening', async () => {
  let store = openSqlite(path);
  await store.set('b', 'k', one);
  const { version } = await store.read('b', 'k');
  await store.delete('b', 'k');
  await store.close();
  store = openSqlite(path);
  await store.set('b', 'k', one);
  expect((await store.read('b', 'k')).version).toBeGreaterThan(version + 1n);
  await store.close();
});

test('a missing store is not created with create: false', () => {
  const path = join(folder, 'none', 'store.db');
  expect(() => openSqlite(path, { create: false })).toThrow(/does not exist/);
  expect(existsSync(dirname(path))).toBe(false);
  openSqlite(path).close();
  openSqlite(path, { create: false }).close();
});

test('an empty file becomes a store', async () => {
  writeFileSync(path, '');
  const store = openSqlite(path);
  await store.set('b', 'k', one);
  await store.close();
});

test('the file has our application id and schema version, and is in WAL mode', async () => {
  const store = openSqlite(path);
  await store.set('b', 'k', one);
  const database = connect(path, 0, true);
  const pragma = (name: string): unknown => database.pragma(name, { simple: true });
  expect(pragma('application_id')).toBe(0x776d6370n);
  expect(pragma('user_version')).toBe(3n);
  expect(pragma('journal_mode')).toBe('wal');
  database.close();
  await store.close();
});

describe('a foreign file is refused and left unchanged:', () => {
  const foreign: [string, () => void, RegExp][] = [
    [
      'text',
      () => writeFileSync(path, 'not a database, '.repeat(500)),
      /is not a SQLite database.*another path/,
    ],
    ['a short file', () => writeFileSync(path, 'hi'), /is not a SQLite database/],
    ['tables of another program', () => sql('CREATE TABLE kv (a)'), /another program/],
    ["another program's empty file", () => sql('PRAGMA application_id = 7'), /another program/],
    ['a file with a schema version only', () => sql('PRAGMA user_version = 1'), /another program/],
  ];

  test.each(foreign)('%s', (_, make, words) => {
    make();
    const before = files();
    expect(() => openSqlite(path)).toThrow(unusable(words));
    expect(() => openSqlite(path)).toThrow(unusable(new RegExp(path)));
    expect(files()).toEqual(before);
  });

  test('a folder', () => {
    mkdirSync(path);
    expect(() => openSqlite(path)).toThrow(unusable(/is a folder: choose another path/));
  });

  test.skipIf(process.platform === 'win32')('a pipe, without waiting for its other end', () => {
    execFileSync('mkfifo', [path]);
    expect(() => openSqlite(path)).toThrow(unusable(/not a regular file/));
  });

  test('a path below a file', () => {
    writeFileSync(path, '');
    expect(() => openSqlite(join(path, 'below', 'store.db'))).toThrow(
      unusable(/cannot be used: check .*ENOTDIR/),
    );
  });

  test.each(['', 'store.db ', 'store.db\n', 'a\0b'])('%j as a path', (name) => {
    const before = readdirSync(folder);
    expect(() => openSqlite(name && join(folder, name))).toThrow(
      expect.objectContaining({ code: 'option-invalid' }),
    );
    expect(readdirSync(folder)).toEqual(before);
  });
});

test('a store of a newer version is refused and left unchanged byte for byte', async () => {
  await openSqlite(path).close();
  sql('PRAGMA user_version = 99');
  const before = files();
  expect(() => openSqlite(path)).toThrow(
    expect.objectContaining({
      code: 'store-newer-schema',
      message: expect.stringMatching(new RegExp(`${path}.*schema 99.*knows 3.*upgrade`)),
    }),
  );
  expect(files()).toEqual(before);
});

test('a store that a newer version left after a crash is refused and left unchanged', async () => {
  const store = openSqlite(path);
  await store.set('b', 'k', one);
  const other = connect(path, 0);
  other.exec('PRAGMA user_version = 99');
  const crashed = files();
  other.close();
  await store.close();
  rmSync(path);
  for (const name of ['store.db', 'store.db-wal']) writeFileSync(join(folder, name), crashed[name]!);
  expect(() => openSqlite(path)).toThrow(expect.objectContaining({ code: 'store-newer-schema' }));
  for (const name of ['store.db', 'store.db-wal']) {
    expect(Buffer.compare(readFileSync(join(folder, name)), crashed[name]!)).toBe(0);
  }
});

test('a damaged store is reported with a remedy', async () => {
  const store = openSqlite(path);
  for (let n = 0; n < 20; n++) await store.set('b', `${n}`, new Uint8Array(5000));
  await store.close();
  truncateSync(path, 8192);
  const damaged = (): unknown => {
    const reopened = openSqlite(path);
    try {
      return reopened.getMany(
        'b',
        Array.from({ length: 20 }, (_, n) => `${n}`),
      );
    } finally {
      void reopened.close();
    }
  };
  expect(damaged).toThrow(unusable(/is damaged: restore it from a backup/));
});

test('a writer that does not finish makes a call fail as busy, without a change', async () => {
  const store = openSqlite(path, { busyTimeout: 20 });
  await store.increment('b', 'n', 1n, S64);
  const other = connect(path, 0);
  other.exec('BEGIN IMMEDIATE');
  const busy = expect.objectContaining({ code: 'store-busy', message: expect.stringContaining(path) });
  expect(() => store.increment('b', 'n', 1n, S64)).toThrow(busy);
  expect(() => store.set('b', 'k', one)).toThrow(busy);
  expect(Buffer.from((await store.get('b', 'n'))!).toString()).toBe('1');
  await store.close();
  other.exec('ROLLBACK');
  other.close();
});

test('connections keep little of the large values that they write', async () => {
  const stores = Array.from({ length: 10 }, () => openSqlite(path));
  const value = new Uint8Array(15 * 1024 ** 2).fill(7);
  await stores[0]!.set('b', 'k', value);
  const before = process.memoryUsage.rss();
  for (const store of stores) await store.set('b', 'k', value);
  const kept = process.memoryUsage.rss() - before;
  for (const store of stores) await store.close();
  expect(kept / 1024 ** 2).toBeLessThan(70);
});

test('closing does not wait for a writer', async () => {
  const store = openSqlite(path, { busyTimeout: 60_000 });
  await store.set('b', 'k', one);
  const other = connect(path, 0);
  other.exec('BEGIN IMMEDIATE');
  const start = performance.now();
  await store.close();
  expect(performance.now() - start).toBeLessThan(30_000);
  other.exec('ROLLBACK');
  other.close();
});

test('the schema of a prepared file is not trusted', () => {
  const connection = connect(path, 0);
  expect(connection.pragma('trusted_schema', { simple: true })).toBe(0n);
  connection.close();
});

test('a new store that another process has locked is busy', () => {
  sql('');
  const other = connect(path, 0);
  other.exec('BEGIN EXCLUSIVE');
  expect(() => openSqlite(path, { busyTimeout: 20 })).toThrow(
    expect.objectContaining({ code: 'store-busy' }),
  );
  other.exec('ROLLBACK');
  other.close();
});

/** Runs code in a process of its own after loading `openSqlite`; returns its output. */
function child(code: string, ...wrapper: string[]): string {
  const module = new URL('../../../../host/keyvalue/sqlite/open.ts', import.meta.url).href;
  const script = `import { openSqlite, openMemory } from ${JSON.stringify(module)};
    openMemory().close();
    const path = ${JSON.stringify(path)};
    const attempt = (work) => { try { work(); return 'fine'; } catch (error) { return error.code; } };
    ${code}`;
  const [command, ...args] = [...wrapper, process.execPath, '--input-type=module', '-e', script];
  return execFileSync(command!, args, { encoding: 'utf8', timeout: 60_000 }).trim();
}

test.skipIf(process.platform === 'win32')(
  'a file that is not writable is refused when it is opened',
  async () => {
    await openSqlite(path).close();
    // Root can write anywhere, so the child becomes nobody first.
    const drop = 'if (process.getuid() === 0) { process.setgid(65534); process.setuid(65534); }';
    const open = 'console.log(attempt(() => openSqlite(path).close()));';
    chmodSync(folder, 0o777);
    chmodSync(path, 0o444);
    expect(child(drop + open)).toBe('store-unusable');
    chmodSync(path, 0o666);
    expect(child(drop + open)).toBe('fine');
    chmodSync(folder, 0o555);
    expect(child(drop + open)).toBe('store-unusable');
    path = join(folder, 'new', 'store.db');
    expect(child(drop + open)).toBe('store-unusable');
    chmodSync(folder, 0o700);
    expect(existsSync(path)).toBe(false);
  },
);

const HOUSEKEEPING = new URL('../../../../host/keyvalue/sqlite/housekeeping.ts', import.meta.url).href;

const canMount = ((): boolean => {
  try {
    execFileSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', tmpdir()], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

test.skipIf(!canMount)(
  'a full disk fails the write, keeps the data, and recovers when there is space',
  () => {
    const code = `
    import { execFileSync } from 'node:child_process';
    import { writeFileSync } from 'node:fs';
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', ${JSON.stringify(folder)}]);
    const store = openSqlite(path);
    store.set('b', 'before', new Uint8Array(10));
    openSqlite(path + '.closed').close();
    const outcomes = [
      attempt(() => store.set('b', 'large', new Uint8Array(2_000_000))),
      String(store.exists('b', 'large')),
      attempt(() => { for (let n = 0; ; n++) store.set('b', String(n), new Uint8Array(20_000)); }),
      attempt(() => writeFileSync(path + '.rest', new Uint8Array(2_000_000))),
      String(store.get('b', 'before').length),
      attempt(() => openSqlite(path + '.closed')),
      attempt(() => openSqlite(path + '.new')),
    ];
    execFileSync('mount', ['-o', 'remount,size=8m', ${JSON.stringify(folder)}]);
    outcomes.push(attempt(() => store.set('b', 'after', new Uint8Array(20_000))));
    store.close();
    console.log(outcomes.join());`;
    expect(child(code, 'unshare', '-rm')).toBe(
      'store-full,false,store-full,ENOSPC,10,store-full,store-full,fine',
    );
  },
);

test.skipIf(!canMount)('entries can be deleted on a full disk, and then new ones be written', () => {
  const code = `
    import { execFileSync } from 'node:child_process';
    import { existsSync } from 'node:fs';
    import { startHousekeeping } from ${JSON.stringify(HOUSEKEEPING)};
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'none', ${JSON.stringify(folder)}]);
    const store = openSqlite(path);
    const { close } = startHousekeeping(path);
    const outcomes = [existsSync(path + '-reserve')];
    const keys = [];
    outcomes.push(attempt(() => { for (let n = 0; ; n++) { store.set('b', String(n), new Uint8Array(20_000)); keys.push(String(n)); } }));
    outcomes.push(attempt(() => { for (let n = 0; ; n++) { store.set('b', 'small' + n, new Uint8Array(1)); keys.push('small' + n); } }));
    outcomes.push(new Set(keys.map((key) => attempt(() => store.delete('b', key)))).size);
    outcomes.push(attempt(() => store.delete('b', keys[0])), existsSync(path + '-reserve'), store.list('b').keys.length);
    outcomes.push(attempt(() => { for (let n = 0; n < 100; n++) store.set('b', String(n), new Uint8Array(20_000)); }));
    await close();
    store.close();
    console.log(outcomes.join());`;
  expect(child(code, 'unshare', '-rm')).toBe('true,store-full,store-full,1,fine,false,0,fine');
});

test.skipIf(!canMount)(
  'a disk that was full has room for new entries as soon as others are deleted, through each connection',
  () => {
    const code = `
    import { execFileSync } from 'node:child_process';
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'none', ${JSON.stringify(folder)}]);
    const [deleting, writing] = [openSqlite(path), openSqlite(path)];
    const keys = [];
    const outcomes = [
      attempt(() => { for (let n = 0; ; n++) { deleting.set('b', String(n), new Uint8Array(100_000)); keys.push(String(n)); } }),
      // No reserve was kept, so there is not even room for this.
      attempt(() => writing.set('b', keys[0], new Uint8Array(100_000))),
    ];
    execFileSync('mount', ['-o', 'remount,size=28m', ${JSON.stringify(folder)}]);
    outcomes.push(
      attempt(() => { for (const key of keys) deleting.delete('b', key); }),
      attempt(() => { for (const key of keys.slice(1)) writing.set('b', 'again' + key, new Uint8Array(100_000)); }),
    );
    deleting.close();
    writing.close();
    console.log(outcomes.join());`;
    expect(child(code, 'unshare', '-rm')).toBe('store-full,store-full,fine,fine');
  },
);

test.skipIf(!canMount)(
  'a connection that found the disk full reports that it has room again, even if only others write',
  () => {
    const code = `
    import { execFileSync } from 'node:child_process';
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', ${JSON.stringify(folder)}]);
    const reports = [];
    const recovered = Promise.withResolvers();
    const full = (isFull) => { reports.push(isFull); if (!isFull) recovered.resolve(); };
    const store = openSqlite(path, { full });
    reports.push(attempt(() => store.set('b', 'large', new Uint8Array(2_000_000))));
    execFileSync('mount', ['-o', 'remount,size=8m', ${JSON.stringify(folder)}]);
    const alive = setInterval(() => {}, 1000);
    await recovered.promise;
    clearInterval(alive);
    store.close();
    console.log(reports.join());`;
    expect(child(code, 'unshare', '-rm')).toBe('true,store-full,false');
  },
);

test('recognizes network file systems by their type', () => {
  expect([0x6969, 0xfe534d42, 0x01021997].map(networkFileSystem)).toEqual(['NFS', 'SMB2', '9P']);
  expect([0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630].map(networkFileSystem)).toEqual(
    Array(5).fill(undefined),
  );
});
