import { expect, test } from 'vitest';
import { openStore } from '../../../src/index.ts';
import {
  createSettingsMemory,
  NO_SETTINGS,
  type Settings,
  subscribed,
  withLevel,
} from '../../../src/mcp/legacy-clients/settings.ts';
import { BUCKET, createStoredSettings } from '../../../src/mcp/legacy-clients/stored-settings.ts';
import { ask, playGuest, reply, replyResult } from '../edge/guest.ts';
import { edge } from '../modern/edge-of.ts';
import { DISCOVERED, INITIALIZE } from './new-guest.ts';

test('without a store, the settings of 10,000 sessions are remembered', async () => {
  const memory = createSettingsMemory();
  for (let i = 0; i < 10_000; i++) await memory.update(`${i}`, withLevel('error'));
  await memory.update('0', withLevel('info'));
  await memory.update('one more', withLevel('info'));
  expect([await memory.load('0'), await memory.load('1')]).toEqual([
    { level: 'info', uris: [] },
    { level: undefined, uris: [] },
  ]);
});

test('the subscriptions of a session have at most 64 Ki characters', () => {
  const long = 'a'.repeat(32 * 1024);
  const first = subscribed(`${long}/1`)(NO_SETTINGS) as Settings;
  expect(subscribed(`${long}/2`)(first)).toMatch(/at most 65536 characters/);
  expect(subscribed('short')(first)).toMatchObject({ uris: [`${long}/1`, 'short'] });
});

test('stored settings are kept for a week after their last use, and grow by 16 MiB an hour', async () => {
  const store = await openStore('memory:');
  const clock = { time: Date.now() };
  const records = createStoredSettings(store, () => clock.time);
  const days = (count: number): void => {
    clock.time += count * 24 * 3_600_000;
  };
  await records.update('one', withLevel('error'));
  const versionOf = async (): Promise<bigint[]> =>
    Promise.all(
      (await store.range(BUCKET, '', 9)).map(async (key) => (await store.read(BUCKET, key)).version),
    );
  const first = await versionOf();
  await records.load('one');
  expect(await versionOf()).toEqual(first);
  days(2);
  // A use is recorded once a day.
  await records.load('one');
  expect(await versionOf()).not.toEqual(first);
  days(4);
  await records.update('two', withLevel('error'));
  expect(await records.load('one')).toMatchObject({ level: 'error' });
  // The store has its own clock: it wrote both on the first day.
  days(2);
  await records.update('three', withLevel('error'));
  await expect.poll(() => store.range(BUCKET, '', 9)).toHaveLength(1);
  clock.time += 3_600_000;

  const uri = 'a'.repeat(60 * 1024);
  let count = 0;
  while (typeof (await records.update(`${count}`, subscribed(uri))) !== 'string') count += 1;
  expect(count).toBe(Math.floor((16 * 1024 ** 2) / (60 * 1024 + 256)));
  clock.time += 3_600_000;
  expect(await records.update('later', subscribed(uri))).toMatchObject({ uris: [uri] });
});

test('32 clients have a stream of notifications at once, and leave places for calls', async () => {
  const capabilities = { tools: { listChanged: true } };
  const guest = playGuest((request) => {
    const { method } = request.message;
    if (method === 'server/discover') replyResult(request, { ...DISCOVERED, capabilities });
    else if (method === 'subscriptions/listen')
      request.target.head(200, ['content-type', 'text/event-stream']);
    else reply(request, 400, '');
  });
  const handler = edge(guest);
  const { session } = await ask(handler, INITIALIZE).answer;
  const headers = { accept: 'text/event-stream', 'mcp-session-id': session! };
  const open = Array.from({ length: 32 }, () => ask(handler, undefined, headers, 'GET'));
  expect((await ask(handler, undefined, headers, 'GET').answer).status).toBe(503);
  open[0]!.leave();
  guest.seen.find(({ message }) => message.method === 'subscriptions/listen')!.target.finished();
  ask(handler, undefined, headers, 'GET');
  await expect.poll(() => guest.asked().filter((what) => what === 'subscriptions/listen')).toHaveLength(33);
});
