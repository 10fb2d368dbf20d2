import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Holder, LeaseEvent, Leases } from '../leases.ts';
import type { StoreCase } from './case.ts';
import { holder, PATIENCE, SHORT_LIFE, taken, takenSoon, withLeases } from './lease-case.ts';

/** Listens, runs `work`, and waits for this event. */
async function hears(
  leases: Leases,
  by: Holder,
  kind: LeaseEvent['kind'],
  work: () => unknown,
): Promise<void> {
  const heard = Promise.withResolvers<void>();
  const stop = leases.listen(by, (event) => {
    if (event.kind === kind && event.bucket === 'b' && event.name === 'n') heard.resolve();
  });
  const timer = setTimeout(
    () => heard.reject(new assert.AssertionError({ message: `no ${kind}` })),
    PATIENCE,
  );
  try {
    await work();
    await heard.promise;
  } finally {
    clearTimeout(timer);
    stop();
  }
}

const POSSESSION: readonly StoreCase[] = [
  withLeases('a free lease is taken, and keeps its token', async ({ leases, one }) => {
    const { token } = await taken(leases, one);
    assert.equal(await leases.acquire(one, 'b', 'n'), token);
    assert.deepEqual([...(await leases.renew(one))], []);
    assert.equal(await leases.acquire(one, 'b', 'n'), token);
  }),
  withLeases('leases of other names and buckets are independent', async ({ leases, one, other }) => {
    await taken(leases, one);
    assert.notEqual(await leases.acquire(other, 'b', 'm'), undefined);
    assert.notEqual(await leases.acquire(other, 'c', 'n'), undefined);
  }),
  withLeases('a lease is given to the holder that waits for it', async ({ leases, one, other }) => {
    const first = await taken(leases, one);
    assert.equal(await leases.acquire(other, 'b', 'n'), undefined);
    assert.deepEqual([...(await leases.renew(one))], [{ bucket: 'b', name: 'n' }]);
    await leases.release(one, 'b', ['n', 'unknown']);
    // It is not free in between.
    assert.equal(await leases.acquire(one, 'b', 'n'), undefined);
    const second = await taken(leases, other);
    assert.ok(second.token > first.token, `${second.token} is not larger than ${first.token}`);
  }),
  withLeases('a released lease has a new token for the same holder', async ({ leases, one }) => {
    const first = await taken(leases, one);
    await leases.release(one, 'b', ['n']);
    assert.ok((await taken(leases, one)).token > first.token);
  }),
  withLeases('a lease for which no holder waits any more is free', async ({ leases, one, other }) => {
    await taken(leases, one);
    await leases.acquire(other, 'b', 'n');
    await leases.release(other, 'b', ['n']);
    assert.deepEqual([...(await leases.renew(one))], []);
    await leases.release(one, 'b', ['n']);
    assert.notEqual(await leases.acquire(holder(), 'b', 'n'), undefined);
  }),
  withLeases('releasing the lease of another holder has no effect', async ({ leases, one, other }) => {
    const { token } = await taken(leases, one);
    await leases.release(other, 'b', ['n']);
    assert.equal(await leases.acquire(one, 'b', 'n'), token);
  }),
  withLeases('a holder that leaves releases all its leases', async ({ leases, one, other }) => {
    await taken(leases, one);
    await taken(leases, one, 'm');
    await leases.acquire(other, 'b', 'n');
    await leases.leave(one);
    assert.notEqual(await leases.acquire(other, 'b', 'n'), undefined);
    assert.notEqual(await leases.acquire(other, 'b', 'm'), undefined);
  }),
  withLeases('leases are not keys', async ({ store, leases, one }) => {
    await taken(leases, one);
    assert.deepEqual(await store.buckets(), []);
    assert.deepEqual([...(await store.range('b', '', 10))], []);
    assert.deepEqual([...(await store.list('b')).keys], []);
  }),
];

const DEATH: readonly StoreCase[] = [
  withLeases('the leases of a dead holder are free', async ({ leases, other }) => {
    const dead = holder(SHORT_LIFE);
    const first = await taken(leases, dead);
    const second = await takenSoon(leases, other);
    assert.ok(second.token > first.token);
  }),
  withLeases('a sign of life keeps a holder alive', async ({ leases, other }) => {
    const living = holder(SHORT_LIFE);
    await taken(leases, living);
    for (const end = performance.now() + 3 * SHORT_LIFE; performance.now() < end; ) {
      await leases.renew({ ...living, life: 10_000 });
      assert.equal(await leases.acquire(other, 'b', 'n'), undefined);
      await delay(SHORT_LIFE / 10);
    }
  }),
  withLeases('a dead holder that waits is passed over', async ({ leases, one, other }) => {
    await taken(leases, one);
    await leases.acquire(holder(1), 'b', 'n');
    await delay(20);
    await leases.release(one, 'b', ['n']);
    await takenSoon(leases, other);
  }),
];

const EVENTS: readonly StoreCase[] = [
  withLeases('a holder is notified that another one waits', async ({ leases, one, other }) => {
    await taken(leases, one);
    await hears(leases, one, 'wanted', () => leases.acquire(other, 'b', 'n'));
  }),
  withLeases('a holder is notified that it got what it waited for', async ({ leases, one, other }) => {
    await taken(leases, one);
    await hears(leases, other, 'given', async () => {
      assert.equal(await leases.acquire(other, 'b', 'n'), undefined);
      await leases.release(one, 'b', ['n']);
    });
    await taken(leases, other);
  }),
];

/** Who has a lease, and who is notified of it. */
export const LEASES: readonly StoreCase[] = [...POSSESSION, ...DEATH, ...EVENTS];
