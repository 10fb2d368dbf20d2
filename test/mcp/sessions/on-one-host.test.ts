import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLeaseHolder, type LeaseHolder } from '../../../host/index.ts';
import { openMemory } from '../../../host/keyvalue/sqlite/open.ts';
import type { Store } from '../../../host/keyvalue/store.ts';
import { onOneHost } from '../../../src/mcp/sessions/on-one-host.ts';
import type { Purged } from '../../../src/mcp/sessions/purge.ts';
import type { PurgeRun } from '../../../src/mcp/sessions/purge-run.ts';

const PURGED: Purged = { sessions: 1, keys: 2, unclear: 0 };
const NOTHING: Purged = { sessions: 0, keys: 0, unclear: 0 };

let store: Store;
let hosts: LeaseHolder[];

beforeEach(() => {
  store = openMemory();
  hosts = [createLeaseHolder(store.leases!), createLeaseHolder(store.leases!)];
});

afterEach(async () => {
  for (const host of hosts) await host.close();
  await store.close();
});

/** A purge that lasts until `finish`. */
function purge(): {
  begin: () => PurgeRun;
  finish: (purged?: Purged) => void;
  readonly begun: Promise<void>;
} {
  const done = Promise.withResolvers<Purged>();
  const begun = Promise.withResolvers<void>();
  return {
    begin() {
      begun.resolve();
      return { done: done.promise, stop: () => done.resolve(NOTHING) };
    },
    finish: (purged = PURGED) => done.resolve(purged),
    begun: begun.promise,
  };
}

test('a purge begins when that of another host is over', async () => {
  const [first, second] = [purge(), purge()];
  const one = onOneHost(hosts[0], 'n', first.begin);
  const order: string[] = [];
  const other = onOneHost(hosts[1], 'n', () => {
    order.push('second');
    return second.begin();
  });
  await first.begun;
  // Another name is another right.
  const elsewhere = purge();
  const third = onOneHost(hosts[1], 'm', elsewhere.begin);
  await elsewhere.begun;
  elsewhere.finish();
  await third.done;
  order.push('first');
  first.finish();
  expect(await one.done).toEqual(PURGED);
  await second.begun;
  second.finish();
  expect(await other.done).toEqual(PURGED);
  expect(order).toEqual(['first', 'second']);
});

test('one that is stopped while it waits purges nothing, and leaves the right to others', async () => {
  const [first, second] = [purge(), purge()];
  const one = onOneHost(hosts[0], 'n', first.begin);
  await first.begun;
  const other = onOneHost(hosts[1], 'n', second.begin);
  other.stop();
  expect(await other.done).toEqual(NOTHING);
  first.finish();
  await one.done;
  const third = purge();
  const again = onOneHost(hosts[1], 'n', third.begin);
  await third.begun;
  third.finish();
  expect(await again.done).toEqual(PURGED);
});

test('a store that cannot be shared needs no lease', async () => {
  const only = purge();
  const run = onOneHost(undefined, 'n', only.begin);
  only.finish();
  expect(await run.done).toEqual(PURGED);
});
