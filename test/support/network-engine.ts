import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import type { WasmcpError } from '../../host/error.ts';
import type { StoreOptions } from '../../host/keyvalue/driver.ts';
import { openStore } from '../../host/keyvalue/open.ts';
import type { Store } from '../../host/keyvalue/store.ts';
import { type FaultyProxy, faultyProxy } from './faulty-proxy.ts';

/** A database server that keeps stores, on a port of this machine. */
export interface NetworkEngine {
  readonly port: number;
  /** The URL of a new store; `parameters` replace those that name it. */
  url(parameters?: string): string;
  start(): Promise<void>;
  stop(): Promise<void>;
  close(): Promise<void>;
}

/** Starts an engine before the tests of this block and closes it after them. */
export function startedBefore<E extends NetworkEngine>(start: () => Promise<E>): () => E {
  let engine: E | undefined;
  beforeAll(async () => {
    engine = await start();
  }, 120_000);
  afterAll(() => engine?.close());
  return () => engine!;
}

/** The URL of a new store, reached through a proxy. */
export function urlThrough({ port }: FaultyProxy, engine: NetworkEngine): string {
  return engine.url().replace(`:${engine.port}/`, `:${port}/`);
}

export function withoutPassword(url: string): string {
  return url.replace(/:secret@/, '@').replace('//@', '//');
}

export interface Opened {
  readonly store: Store;
  readonly proxy: FaultyProxy;
  /** What `away` was called with. */
  readonly reports: (WasmcpError | undefined)[];
}

/** A store behind a proxy that can break its connections. */
export async function openThrough(engine: NetworkEngine, options: StoreOptions = {}): Promise<Opened> {
  const proxy = await faultyProxy(engine.port);
  const reports: (WasmcpError | undefined)[] = [];
  const store = await openStore(urlThrough(proxy, engine), {
    ...options,
    away: (failure) => reports.push(failure),
  });
  onTestFinished(() => store.close());
  return { store, proxy, reports };
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

/** Why a store cannot be opened. */
export async function failure(url: string, options?: StoreOptions): Promise<Error> {
  const store = await openStore(url, options).catch((error: Error) => error);
  if (store instanceof Error) return store;
  await store.close();
  throw new Error('it was opened');
}
