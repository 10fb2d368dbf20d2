import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { WasmcpError } from '../../../host/error.ts';
import type { LeaseUse } from '../../../host/keyvalue/held-lease.ts';
import { createLeaseHolder, type LeaseHolder } from '../../../host/keyvalue/lease-holder.ts';
import { type Fence, type Leases, parseFence } from '../../../host/keyvalue/leases.ts';
import { openMemory } from '../../../host/keyvalue/sqlite/open.ts';
import type { Store } from '../../../host/keyvalue/store.ts';

let store: Store;
let leases: Leases;
const holders: LeaseHolder[] = [];

beforeEach(() => {
  store = openMemory();
  leases = store.leases!;
});

afterEach(async () => {
  for (const holder of holders.splice(0)) await holder.close();
  await store.close();
});

function holderOf(parts: Partial<Leases> = {}, options = {}): LeaseHolder {
  const holder = createLeaseHolder({ ...leases, ...parts }, options);
  holders.push(holder);
  return holder;
}

interface Used {
  readonly use: LeaseUse;
  readonly fence: Fence | undefined;
  /** Why it was lost, if it is. */
  readonly lost: Promise<WasmcpError>;
}

async function use(holder: LeaseHolder, name = 'n'): Promise<Used> {
  const started = Promise.withResolvers<string | undefined>();
  const lost = Promise.withResolvers<WasmcpError>();
  const taken = holder.use('b', name, {
    started: started.resolve,
    failed(error) {
      started.reject(error);
      lost.resolve(error);
    },
  });
  const fence = await started.promise;
  return { use: taken, fence: fence === undefined ? undefined : parseFence(fence), lost: lost.promise };
}

test('a lease is asked for once, however often it is used', async () => {
  let asked = 0;
  const holder = holderOf({
    acquire(...args) {
      asked += 1;
      return leases.acquire(...args);
    },
  });
  const tokens = new Set<bigint | undefined>();
  for (let n = 0; n < 5; n++) {
    const used = await use(holder);
    tokens.add(used.fence?.token);
    used.use.leave();
  }
  expect([asked, tokens.size]).toEqual([1, 1]);
});

test('it goes to another holder that waits, once it is not in use', async () => {
  const [one, other] = [holderOf(), holderOf()];
  const first = await use(one);
  let isThere = false;
  const second = use(other).then((used) => {
    isThere = true;
    return used;
  });
  // A lease that is free is taken, and released, meanwhile.
  (await use(other, 'm')).use.leave();
  (await use(one, 'm')).use.leave();
  expect(isThere).toBe(false);
  first.use.leave();
  const { fence } = await second;
  expect(fence!.token).toBeGreaterThan(first.fence!.token);
  expect(first.use.holds).toBe(false);
});

test('two holders take turns, whichever of them always wants it', async () => {
  const pair = [holderOf(), holderOf()];
  let users = 0;
  const work = async (holder: LeaseHolder): Promise<void> => {
    for (let n = 0; n < 20; n++) {
      const used = await use(holder);
      users += 1;
      expect(users).toBe(1);
      await new Promise(setImmediate);
      users -= 1;
      used.use.leave();
    }
  };
  await Promise.all(pair.map(work));
});

test('one that is not used for a while is released', async () => {
  const holder = holderOf({}, { life: 250, idle: 100 });
  (await use(holder)).use.leave();
  const other = { id: 'other', life: 60_000 };
  await expect.poll(() => leases.acquire(other, 'b', 'n')).toBeDefined();
});

test('one that is not waited for any more goes to the next one', async () => {
  const [one, other] = [holderOf(), holderOf()];
  const first = await use(one);
  const waiting = other.use('b', 'n', { started() {}, failed() {} });
  waiting.leave();
  first.use.leave();
  expect(await leases.acquire({ id: 'third', life: 60_000 }, 'b', 'n')).toBe(undefined);
  await one.close();
  await other.close();
  expect(await leases.acquire({ id: 'third', life: 60_000 }, 'b', 'n')).toBeDefined();
});

describe('without signs of life', () => {
  const silent = { renew: () => new Promise<never>(() => {}) };

  test('a lease in use is lost, and another holder gets it', async () => {
    const [one, other] = [holderOf(silent, { life: 200 }), holderOf()];
    const first = await use(one);
    expect(await first.lost).toMatchObject({ code: 'lease-lost' });
    expect(first.use.holds).toBe(false);
    first.use.leave();
    const { fence } = await use(other);
    expect(fence!.token).toBeGreaterThan(first.fence!.token);
  });

  test('a lease that was kept is asked for again', async () => {
    const holder = holderOf(silent, { life: 200 });
    const first = await use(holder);
    first.use.leave();
    await leases.release({ id: 'nobody', life: 1 }, 'b', ['n']);
    const other = { id: 'other', life: 60_000 };
    await expect.poll(() => leases.acquire(other, 'b', 'n')).toBeDefined();
    const again = use(holder);
    await leases.leave(other);
    expect((await again).fence!.token).toBeGreaterThan(first.fence!.token);
  });
});

test('a store that fails refuses the use; the next one asks again', async () => {
  let fails = true;
  const holder = holderOf({
    async acquire(...args) {
      if (fails) return store.increment('b', 'no', 1n, { min: 5n, max: 0n });
      return leases.acquire(...args);
    },
  });
  await expect(use(holder)).rejects.toMatchObject({ code: 'number-overflow' });
  fails = false;
  expect((await use(holder)).fence).toBeDefined();
});

test('closing releases all and fails what is in use', async () => {
  const holder = holderOf();
  const used = await use(holder);
  await holder.close();
  expect(await used.lost).toMatchObject({ code: 'store-closed' });
  await expect(use(holder)).rejects.toMatchObject({ code: 'store-closed' });
  expect(await leases.acquire({ id: 'other', life: 60_000 }, 'b', 'n')).toBeDefined();
});
