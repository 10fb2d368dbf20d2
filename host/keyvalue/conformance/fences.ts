import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Fence, Holder } from '../leases.ts';
import type { Store } from '../store.ts';
import { bytes, fails, S64, type StoreCase, text } from './case.ts';
import { holder, type Parts, taken, takenSoon, withLeases } from './lease-case.ts';

/** Every write, by name. */
const WRITES: Readonly<Record<string, (store: Store, fence: Fence, key: string) => Promise<unknown>>> = {
  set: async (store, fence, key) => store.set('b', key, bytes('2'), fence),
  setMany: async (store, fence, key) => store.setMany('b', [[key, bytes('2')]], fence),
  delete: async (store, fence, key) => store.delete('b', key, fence),
  deleteMany: async (store, fence, key) => store.deleteMany('b', [key], fence),
  increment: async (store, fence, key) => store.increment('b', key, 1n, S64, fence),
  async swap(store, fence, key) {
    return store.swap('b', key, (await store.read('b', key)).version, bytes('2'), fence);
  },
};

/** How a fence stops to hold. */
const ENDS: Readonly<Record<string, (parts: Parts) => Promise<void>>> = {
  released: async ({ leases, one }) => leases.release(one, 'b', ['n']),
  async 'released and taken again'({ leases, one }) {
    await leases.release(one, 'b', ['n']);
    await taken(leases, one);
  },
  async 'taken by another holder'({ leases, one, other }) {
    await leases.acquire(other, 'b', 'n');
    await leases.release(one, 'b', ['n']);
    await taken(leases, other);
  },
};

/** Writes under a fence. */
export const FENCES: readonly StoreCase[] = [
  ...Object.entries(WRITES).flatMap(([name, write]) => [
    withLeases(`${name} under a fence that holds`, async ({ store, leases, one }) => {
      const fence = await taken(leases, one);
      await store.set('b', 'k', bytes('1'));
      await write(store, fence, 'k');
      assert.notEqual(text(await store.get('b', 'k')), '1');
      await write(store, fence, 'new');
    }),
    ...Object.entries(ENDS).map(([how, end]) =>
      withLeases(`${name} is refused once its fence is ${how}`, async (parts) => {
        const { store, leases, one } = parts;
        const fence = await taken(leases, one);
        await store.set('b', 'k', bytes('1'));
        await end(parts);
        await fails('lease-lost', () => write(store, fence, 'k'));
        await fails('lease-lost', () => write(store, fence, 'new'));
        assert.equal(text(await store.get('b', 'k')), '1');
        assert.equal(await store.exists('b', 'new'), false);
      }),
    ),
  ]),
  withLeases('a fence holds in every bucket', async ({ store, leases, one }) => {
    const fence = await taken(leases, one);
    await store.set('c', 'k', bytes('1'), fence);
    await leases.release(one, 'b', ['n']);
    await fails('lease-lost', () => store.set('c', 'k', bytes('2'), fence));
    assert.equal(text(await store.get('c', 'k')), '1');
  }),
  withLeases('a fence holds until another holder takes over from a dead one', async ({ store, leases }) => {
    const dead = holder(1);
    const fence = await taken(leases, dead);
    await delay(20);
    await store.set('b', 'k', bytes('1'), fence);
    assert.equal(await leases.acquire(dead, 'b', 'n'), fence.token);
  }),
  withLeases('a counter keeps its bounds under a fence', async ({ store, leases, one }) => {
    const fence = await taken(leases, one);
    const bounds = { min: 0n, max: 1n };
    assert.equal(await store.increment('b', 'k', 1n, bounds, fence), 1n);
    await fails('number-overflow', () => store.increment('b', 'k', 1n, bounds, fence));
    assert.equal(await store.swap('b', 'k', -1n, bytes('x'), fence), false);
  }),
  withLeases(
    'two holders that take over from each other lose no write',
    async ({ store, leases, one, other }) => {
      const rounds = 10;
      const add = async (by: Holder): Promise<void> => {
        for (let round = 0; round < rounds; round++) {
          const fence = await takenSoon(leases, by);
          const before = Number(text(await store.get('b', 'k')) ?? '0');
          await store.set('b', 'k', bytes(String(before + 1)), fence);
          await leases.release(by, 'b', ['n']);
        }
      };
      await Promise.all([add(one), add(other)]);
      assert.equal(text(await store.get('b', 'k')), String(2 * rounds));
    },
  ),
];
