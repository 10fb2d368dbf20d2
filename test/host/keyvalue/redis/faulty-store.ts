import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import type { WasmcpError } from '../../../../host/error.ts';
import type { StoreOptions } from '../../../../host/keyvalue/driver.ts';
import { openStore } from '../../../../host/keyvalue/open.ts';
import type { Store } from '../../../../host/keyvalue/store.ts';
import { type FaultyProxy, faultyProxy } from '../../../support/faulty-proxy.ts';
import type { Redis } from '../../../support/redis.ts';

const _U64 = { min: 0n, max: 2n ** 64n - 1n };

export interface Opened {
  readonly store: Store;
  readonly proxy: FaultyProxy;
  /** What `away` was called with. */
  readonly reports: (WasmcpError | undefined)[];
}

/** A store behind a proxy that can break its connections. */
export async function openThrough(redis: Redis, options: StoreOptions = {}): Promise<Opened> {
  const proxy = await faultyProxy(redis.port);
  const url = redis.url().replace(`:${redis.port}/`, `:${proxy.port}/`);
  const reports: (WasmcpError | undefined)[] = [];
  const store = await openStore(url, { ...options, away: (failure) => reports.push(failure) });
  onTestFinished(() => store.close());
  return { store, proxy, reports };
}

/** Sets a setting of the engine, and sets it back after the test. */
export async function configure(redis: Redis, name: string, value: string, before: string): Promise<void> {
  expect(await redis.command('CONFIG', 'SET', name, value)).toBe('OK');
  onTestFinished(async () => {
    while ((await redis.command('CONFIG', 'SET', name, before).catch(() => '')) !== 'OK') await delay(5);
  });
}

/** Repeats a call until it succeeds: the store recovers by itself. */
export async function eventually<T>(call: () => PromiseLike<T> | T): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      expect(error).toMatchObject({ code: 'store-unavailable' });
      await delay(5);
    }
  }
}
