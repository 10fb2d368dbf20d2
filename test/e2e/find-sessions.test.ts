import { expect, test } from 'vitest';
import { now, put } from '../mcp/sessions/stored.ts';
import { newStore, open, sessions } from '../support/sessions-command.ts';

test('a session is named by the beginning of its id, if that is enough', async () => {
  const url = newStore();
  const store = await open(url);
  const id = await put(store);
  const start = id.slice(0, 8);
  expect(JSON.parse((await sessions(url, ['show', start])).stdout).id).toBe(id);
  expect((await sessions(url, ['set', start, 'note', 'x'])).stderr).toBe(`Stored in session ${id}\n`);
  expect((await sessions(url, ['unset', `${start}-`, 'note'])).stderr).toMatch(`Session ${id} has no such`);
  expect(await store.get('default', `${id}:note`)).toBe(undefined);
  const other = `${id.slice(0, -1)}${id.endsWith('0') ? '1' : '0'}`;
  const metadata = await store.get('default', `${id}:__meta__`);
  await store.set('mine', `${other}:__meta__`, metadata!);
  for (const word of ['show', 'end']) {
    expect(await sessions(url, [word, start])).toMatchObject({
      status: 2,
      stderr: `error: the ids of several sessions begin with "${start}": give more of it\n`,
    });
  }
  expect(await sessions(url, ['show', id.slice(0, 7)])).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/too short: .* at least its first 8 characters/),
  });
  expect((await sessions(url, ['end', start, '--bucket', 'mine'])).stderr).toBe(`Ended session ${other}\n`);
  expect((await sessions(url, ['end', id])).stderr).toBe(`Ended session ${id}\n`);
  const none = start === '00000000' ? '11111111' : '00000000';
  expect((await sessions(url, ['show', none])).stderr).toMatch(`has no session "${none}"`);
});

test('words that mean another command name it', async () => {
  const url = newStore();
  for (const [word, meant] of [
    ['delete', 'end or purge'],
    ['kill', 'end'],
  ]) {
    expect(await sessions(url, [word!, 'x'])).toMatchObject({
      status: 2,
      stderr: `error: unknown command '${word}'\n(Did you mean ${meant}?)\n`,
    });
  }
});

test('sessions are listed by state', async () => {
  const url = newStore();
  const store = await open(url);
  const ids = {
    live: await put(store),
    ended: await put(store, { terminated: true }),
    expired: await put(store, { expires_at: now() - 10 }),
  };
  for (const [state, id] of Object.entries(ids)) {
    for (const more of [[], ['--sort', 'created'], ['--sort', 'updated']]) {
      const { stdout } = await sessions(url, ['list', '--state', state, ...more]);
      expect(JSON.parse(stdout)).toMatchObject({ id, state });
    }
  }
  expect((await sessions(url, ['list', '--state', 'over'])).status).toBe(2);
});

test('sessions are listed by owner, and sorted by last write, opening and size', async () => {
  const url = newStore();
  const store = await open(url);
  const ids: string[] = [];
  for (const [at, subject] of ['bob', 'ada', 'bob', 'bobby'].entries()) {
    const id = await put(store, { created_at: 1_700_000_000_000 - at }, 1, at === 2 ? 'other' : 'default');
    const bucket = at === 2 ? 'other' : 'default';
    await store.set(bucket, `${id}:jwt:sub`, Buffer.from(`${at === 2 ? '\x01' : '\x06'}${subject}`));
    await store.set(bucket, `${id}:text`, Buffer.from(`\x01${'x'.repeat([10, 40, 30, 20][at]!)}`));
    ids.push(id);
  }
  const list = async (...args: string[]): Promise<number[]> => {
    const { stdout } = await sessions(url, ['list', ...args]);
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => ids.indexOf(JSON.parse(line).id));
  };
  expect((await list('--subject', 'bob')).sort()).toEqual([0, 2]);
  expect(await list('--sort', 'created')).toEqual([0, 1, 2, 3]);
  expect(await list('--sort', 'size')).toEqual([1, 2, 3, 0]);
  expect(await list('--sort', 'size', '--limit', '2')).toEqual([1, 2]);
  expect(await list('--limit', '3')).toHaveLength(3);
  // The clock of the store has milliseconds.
  const last = async (): Promise<bigint> => BigInt((await store.read('default', `${ids[3]}:text`)).updated!);
  const latest = await last();
  do await store.set('default', `${ids[0]}:text`, Buffer.from('\x01v'));
  while (BigInt((await store.read('default', `${ids[0]}:text`)).updated!) === latest);
  expect((await list('--sort', 'updated'))[0]).toBe(0);
  expect(await list('--subject', 'bob', '--sort', 'updated', '--limit', '1')).toEqual([0]);
});
