import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Fence, Holder, Leases } from '../leases.ts';
import type { Store } from '../store.ts';
import type { StoreCase } from './case.ts';

/** Ids are unique, because several tests may run on one engine. */
let holders = 0;
export function holder(life = 60_000): Holder {
  return { id: `conformance-${process.pid}-${holders++}`, life };
}

/** The life in milliseconds of a holder that dies in a test. */
export const SHORT_LIFE = 300;

/** Milliseconds after which an expected event counts as missing. */
export const PATIENCE = 10_000;

export interface Parts {
  readonly store: Store;
  readonly leases: Leases;
  readonly one: Holder;
  readonly other: Holder;
}

/** A store that no other program can open has no leases. */
export function withLeases(name: string, run: (parts: Parts) => Promise<void>): StoreCase {
  return {
    name,
    async run(store) {
      if (store.leases !== undefined)
        await run({ store, leases: store.leases, one: holder(), other: holder() });
    },
  };
}

export async function taken(leases: Leases, by: Holder, name = 'n'): Promise<Fence> {
  const token = await leases.acquire(by, 'b', name);
  assert.ok(token !== undefined, 'the lease is not free');
  return { bucket: 'b', name, token };
}

/** Waits until a holder gets the lease. */
export async function takenSoon(leases: Leases, by: Holder): Promise<Fence> {
  for (const deadline = performance.now() + PATIENCE; ; ) {
    const token = await leases.acquire(by, 'b', 'n');
    if (token !== undefined) return { bucket: 'b', name: 'n', token };
    assert.ok(performance.now() < deadline, 'the lease does not become free');
    await delay(10);
  }
}
