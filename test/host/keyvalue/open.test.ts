import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openStore } from '../../../host/keyvalue/open.ts';

const folder = mkdtempSync(join(tmpdir(), 'keyvalue-'));

afterAll(() => rmSync(folder, { recursive: true }));

test('sqlite: takes a path literally', async () => {
  for (const name of ['a.db', 'b%20c?mode=memory#d.db', ':memory:x']) {
    const path = join(folder, name);
    const store = await openStore(`sqlite:${path}`);
    expect(store.url).toBe(`sqlite:${path}`);
    await store.close();
    expect(statSync(path).isFile()).toBe(true);
  }
});

test('the scheme is not case-sensitive, and an absolute path may follow two slashes', async () => {
  const store = await openStore(`SQLITE://${folder}/c.db`);
  expect(store.url).toBe(`sqlite:${folder}/c.db`);
  await store.close();
});

test('each memory: is a separate store', async () => {
  const [one, two] = [await openStore('memory:'), await openStore('memory:')];
  expect(one.url).toBe('memory:');
  await one.set('b', 'k', Uint8Array.of(1));
  expect(await two.exists('b', 'k')).toBe(false);
  await one.close();
  await two.close();
});

test.each([
  '',
  'store.db',
  'mysql://user:secret@host/0',
  'mysql://user:secret@host/db',
  'sqlite:',
  'sqlite::memory:',
  'sqlite://relative.db',
  'memory:x',
  'user:secret',
])('%j is refused with the supported forms and without the URL itself', async (url) => {
  const error = await openStore(url).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'option-invalid' });
  expect(String(error)).toMatch(
    /write sqlite:PATH, memory:, postgres:\/\/USER@HOST\/DATABASE, or redis:\/\/HOST$/,
  );
  expect(String(error)).not.toMatch(/secret/);
});

test.each(['copy2.db', './a/b.db', '/var/lib/store.db', 'C:\\store.db'])(
  '%s is refused with a suggestion to add the scheme',
  async (path) => {
    await expect(openStore(path)).rejects.toMatchObject({
      code: 'option-invalid',
      message: expect.stringContaining(`did you mean sqlite:${path}?`) as unknown,
    });
  },
);

test.each([-1, Number.NaN, 2 ** 31])('refuses a busyTimeout of %j', async (busyTimeout) => {
  const opening = openStore(`sqlite:${folder}/d.db`, { busyTimeout });
  await expect(opening).rejects.toThrow(
    new TypeError(`openStore: busyTimeout must be milliseconds from 0 to 2147483647, not ${busyTimeout}`),
  );
});

test('refuses a busyTimeout of 1.5', async () => {
  await expect(openStore(`sqlite:${folder}/d.db`, { busyTimeout: 1.5 })).rejects.toMatchObject({
    code: 'option-invalid',
  });
});
