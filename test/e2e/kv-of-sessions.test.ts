import { expect, test } from 'vitest';
import { put } from '../mcp/sessions/stored.ts';
import { kv } from '../support/kv-command.ts';
import { newStore, open } from '../support/sessions-command.ts';

async function exported(url: string, ...bucket: string[]): Promise<string> {
  return (await kv(url, ['export', ...bucket])).stdout.toString();
}

test('the keys of a session are read, and written only with --internal', async () => {
  const url = newStore();
  const store = await open(url);
  const id = await put(store, {}, 1, 'mine');
  const key = `${id}:key 0`;
  const before = await exported(url);
  const commands: [args: string[], input?: string][] = [
    [['set', 'mine', key, 'raw']],
    [['set', 'mine', `${id}:new`, 'raw']],
    [['delete', 'mine', key]],
    [['delete', 'mine', `${id}:__meta__`]],
    [['increment', 'mine', `${id}:n`]],
    [['import'], JSON.stringify({ bucket: 'mine', key, text: 'raw' })],
  ];
  for (const [args, input = ''] of commands) {
    const done = await kv(url, args, { input });
    expect(done).toMatchObject({ status: 2, stdout: Buffer.from('') });
    expect(done.stderr).toMatch(
      new RegExp(`belongs to session ${id}.* sessions set ${id} .* sessions unset ${id} .* --internal`),
    );
  }
  expect(await exported(url)).toBe(before);
  expect((await kv(url, ['get', 'mine', key])).stdout.toString()).toBe('\x01v');
  for (const [args, input = ''] of commands) {
    expect(await kv(url, [...args, '--internal'], { input })).toMatchObject({ status: 0 });
  }
});

test('keys that look like those of a session, but have none, are written', async () => {
  const url = newStore();
  const store = await open(url);
  const id = await put(store, {}, 1, 'mine');
  for (const [bucket, key] of [
    ['default', `${id}:cart`],
    ['mine', `${id.slice(0, -1)}x:cart`],
    ['mine', id],
  ] as const) {
    expect(await kv(url, ['set', bucket, key, 'v'])).toMatchObject({ status: 0 });
  }
});

test('an import brings whole sessions, and leaves those alone that have not changed', async () => {
  const url = newStore();
  const store = await open(url);
  const id = await put(store, {}, 3);
  await put(store, {}, 3, 'mine');
  const before = await exported(url);
  const other = newStore();
  for (let times = 0; times < 2; times++) {
    const done = await kv(other, ['import'], { input: before });
    expect(done.stderr).toBe('Imported 8 entries\n');
  }
  await store.set('default', `${id}:key 1`, Buffer.from('\x01w'));
  const changed = await exported(url, 'default');
  expect(await kv(other, ['import'], { input: changed })).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(`"${id}:key 1" belongs to session`),
  });
  expect(await exported(other)).toBe(before);
});
