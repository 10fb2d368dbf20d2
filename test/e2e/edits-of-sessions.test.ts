import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Store } from '../../host/index.ts';
import { purgeSessions } from '../../src/mcp/sessions/purge.ts';
import { allKeys, put } from '../mcp/sessions/stored.ts';
import { kv } from '../support/kv-command.ts';
import { newStore, open, sessions } from '../support/sessions-command.ts';

const START = Date.UTC(2030, 0, 1);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: START });
});
afterEach(() => {
  vi.useRealTimers();
});

/** The time, `seconds` later. */
const at = (seconds: number): string => new Date(START + seconds * 1000).toISOString();

/** Lets this much time pass since the start. */
function pass(seconds: number): void {
  vi.setSystemTime(START + seconds * 1000);
}

interface Listed {
  readonly id: string;
  readonly updated: string;
  readonly edited?: string;
}

async function listed(url: string, ...args: string[]): Promise<Listed[]> {
  const { stdout } = await sessions(url, ['list', ...args]);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** What a guest does. */
async function write(store: Store, id: string, key: string): Promise<void> {
  await store.set('default', `${id}:${key}`, Buffer.from('\x01text'));
}

test.each<[string, (url: string, id: string) => Promise<unknown>]>([
  ['writing a new value', (url, id) => sessions(url, ['set', id, 'note', 'x'])],
  ['replacing what it wrote last', (url, id) => sessions(url, ['set', id, 'last', 'x'])],
  ['deleting what it wrote last', (url, id) => sessions(url, ['unset', id, 'last'])],
  ['ending it', (url, id) => sessions(url, ['end', id])],
  ['kv set', (url, id) => kv(url, ['set', 'default', `${id}:last`, '\x01x', '--internal'])],
  ['kv delete', (url, id) => kv(url, ['delete', 'default', `${id}:last`, '--internal'])],
])('an administrator does not move the last write of a session by %s', async (_, edit) => {
  const url = newStore();
  const store = await open(url);
  const edited = await put(store);
  pass(1);
  await write(store, edited, 'last');
  pass(2);
  const newer = await put(store);
  pass(3);
  const newest = await put(store);
  pass(60);
  await edit(url, edited);
  pass(61);
  await edit(url, edited);

  const all = await listed(url, '--sort', 'updated');
  expect(all.map(({ id }) => id)).toEqual([newest, newer, edited]);
  expect(all.map(({ updated }) => updated)).toEqual([at(3), at(2), at(1)]);
  expect(all[2]!.edited).toMatch(/^2030-01-01T00:01:0[01]\.000Z$/);
  expect(all[0]).not.toHaveProperty('edited');
  expect(await listed(url, '--sort', 'updated', '--limit', '1')).toEqual([all[0]]);
  expect((await listed(url)).find(({ id }) => id === edited)).toEqual(all[2]);
  expect(JSON.parse((await sessions(url, ['show', edited])).stdout)).toMatchObject(all[2]!);
  const terminal = await sessions(url, ['show', edited], '', true);
  expect(terminal.stdout).toContain(`updated  ${at(1)}\nedited   ${all[2]!.edited}\n`);
});

test('a write of the session after edits counts, and further edits do not', async () => {
  const url = newStore();
  const store = await open(url);
  const id = await put(store);
  const other = await put(store);
  pass(10);
  await sessions(url, ['set', id, 'note', 'x']);
  pass(20);
  await write(store, id, 'last');
  expect(await listed(url, '--sort', 'updated', '--limit', '1')).toMatchObject([
    { id, updated: at(20), edited: at(10) },
  ]);
  pass(30);
  await sessions(url, ['set', id, 'last', 'x']);
  pass(40);
  await sessions(url, ['set', id, 'note', 'y']);
  expect(await listed(url, '--sort', 'updated')).toMatchObject([
    { id, updated: at(20), edited: at(40) },
    { id: other, updated: at(0) },
  ]);
});

test('a purge deletes what is known of the edits of sessions that are gone', async () => {
  const url = newStore();
  const store = await open(url);
  const [ended, live] = [await put(store), await put(store)];
  for (const id of [ended, live]) await sessions(url, ['set', id, 'note', 'x']);
  await sessions(url, ['end', ended]);
  expect(await allKeys(store, 'wasmcp-node:edits')).toHaveLength(2);
  await purgeSessions(store, { bucket: 'default', retention: 1000, now: START + 60_000 });
  expect(await allKeys(store, 'wasmcp-node:edits')).toEqual([`default/${live}`]);
});
