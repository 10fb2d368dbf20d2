import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { openStore, type Store } from '../../../../src/index.ts';
import {
  newStateId,
  openState,
  type StateFacts,
  sealState,
} from '../../../../src/mcp/modern/mrtr/request-state.ts';
import {
  BUCKET,
  createStateKeys,
  ROTATION,
  type StateKeys,
} from '../../../../src/mcp/modern/mrtr/state-keys.ts';
import { createUsedStates } from '../../../../src/mcp/modern/mrtr/used-states.ts';

const LIFE = 300_000;
const START = 20_000 * ROTATION;

/** Hosts of one store, whose clocks the test sets. */
async function hosts(...clocks: { time: number }[]): Promise<{ store: Store; keys: StateKeys[] }> {
  const store = await openStore('memory:');
  return { store, keys: clocks.map((clock) => createStateKeys(store, LIFE, () => clock.time)) };
}

const facts = (): StateFacts => ({
  id: newStateId(),
  expires: START + LIFE,
  owner: 'somebody',
  request: randomBytes(32),
});

test('a state can be opened after its key was replaced, on every host, and not for ever', async () => {
  const clock = { time: START + ROTATION - 1 };
  const { store, keys } = await hosts(clock, clock);
  const [one, other] = keys as [StateKeys, StateKeys];
  const sealed = facts();
  const text = sealState(sealed, await one.current());
  expect(await openState(text, other)).toEqual(sealed);
  clock.time += 1;
  const next = await one.current();
  expect((await other.current()).key).toEqual(next.key);
  const later = sealState(sealed, next);
  expect([await openState(text, one), await openState(later, other)]).toEqual([sealed, sealed]);
  // What a host remembers does not matter.
  expect(
    await openState(
      text,
      createStateKeys(store, LIFE, () => clock.time),
    ),
  ).toEqual(sealed);
  clock.time += 8 * ROTATION;
  expect(await openState(text, one)).toBeUndefined();
  await one.current();
  expect(await store.range(BUCKET, '', 100)).toEqual(['key/00020009']);
});

test('hosts that start at the same time have one key', async () => {
  const { keys } = await hosts(...Array.from({ length: 5 }, () => ({ time: START })));
  const all = await Promise.all(keys.map((one) => one.current()));
  expect(new Set(all.map(({ key }) => Buffer.from(key).toString('hex'))).size).toBe(1);
});

test('a host whose clock is behind opens the states of one that is ahead', async () => {
  const { keys } = await hosts({ time: START + ROTATION }, { time: START + ROTATION - 1000 });
  const sealed = facts();
  expect(await openState(sealState(sealed, await keys[0]!.current()), keys[1]!)).toEqual(sealed);
});

test('each state has a text of its own, and an owner is not needed', async () => {
  const { keys } = await hosts({ time: START });
  const key = await keys[0]!.current();
  const sealed = { ...facts(), owner: undefined };
  const texts = [sealState(sealed, key), sealState(sealed, key)];
  expect(texts[0]).not.toBe(texts[1]);
  for (const text of texts) expect(await openState(text, keys[0]!)).toEqual(sealed);
});

test('a state is used by one of many hosts, and the record of it goes when it does not matter any more', async () => {
  const clock = { time: START };
  const { store } = await hosts();
  const all = Array.from({ length: 8 }, () => createUsedStates(store, () => clock.time));
  const id = newStateId();
  const uses = await Promise.all(all.map((used) => used.use(id, START + LIFE)));
  expect(uses.filter((isFirst) => isFirst)).toHaveLength(1);
  expect(await all[0]!.wasUsed(id, START + LIFE)).toBe(true);
  clock.time += LIFE + 2 * 3_600_000;
  const next = newStateId();
  expect(await all[1]!.use(next, clock.time + LIFE)).toBe(true);
  expect((await store.range(BUCKET, 'used/', 10)).map((name) => name.split('/')[2])).toEqual([
    next.toString('base64url'),
  ]);
});
