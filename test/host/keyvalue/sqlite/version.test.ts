import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test, vi } from 'vitest';

/** The version that the library reports; the real one if undefined. No library with the bug is available here. */
let claimed: string | undefined;

vi.mock('better-sqlite3', async (original) => {
  const { default: Database } = await original<{ default: typeof import('better-sqlite3') }>();
  function open(...args: ConstructorParameters<typeof Database>): InstanceType<typeof Database> {
    const database = new Database(...args);
    if (claimed !== undefined) database.function('sqlite_version', () => claimed);
    return database;
  }
  return { default: open };
});

const { hasWalResetBug } = await import('../../../../host/keyvalue/sqlite/version.ts');
const { openSqlite } = await import('../../../../host/keyvalue/sqlite/open.ts');

const folder = mkdtempSync(join(tmpdir(), 'keyvalue-'));

afterEach(() => {
  claimed = undefined;
});

afterAll(() => rmSync(folder, { recursive: true }));

test.each(['3.7.0', '3.44.5', '3.45.0', '3.49.2', '3.50.6', '3.51.2', '', 'unknown', '2.8.17'])(
  '%j has the WAL-reset bug',
  (version) => expect(hasWalResetBug(version)).toBe(true),
);

test.each(['3.44.6', '3.44.7', '3.50.7', '3.51.3', '3.51.4', '3.52.0', '3.53.0', '3.100.1', '4.0.0'])(
  '%j does not have it',
  (version) => expect(hasWalResetBug(version)).toBe(false),
);

test('a SQLite with the bug opens and creates no store', () => {
  claimed = '3.51.2';
  expect(() => openSqlite(join(folder, 'deep', 'store.db'))).toThrow(
    expect.objectContaining({
      code: 'store-unusable',
      message: expect.stringMatching(/SQLite 3\.51\.2 can damage it .* SQLite 3\.51\.3 or newer/),
    }) as Error,
  );
  expect(readdirSync(folder)).toEqual([]);
});

test('the installed SQLite does not have the bug', async () => {
  const store = openSqlite(join(folder, 'store.db'));
  await store.set('b', 'k', new Uint8Array(1));
  await store.close();
});
