import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { connect } from '../../../../host/keyvalue/sqlite/connection.ts';
import { openSqlite } from '../../../../host/keyvalue/sqlite/open.ts';
import { files, folder, one, path, setUp, sql, unusable } from './open-files.ts';

setUp();

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
      message: expect.stringMatching(new RegExp(`${path}.*schema 99.*knows 4.*upgrade`)),
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
