import { setTimeout as delay } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import type { WasmcpError } from '../../../../host/error.ts';
import type { StoreOptions } from '../../../../host/keyvalue/driver.ts';
import { openStore } from '../../../../host/keyvalue/open.ts';
import { eventually, type NetworkEngine, type Opened, openThrough } from '../../../support/network-engine.ts';

const U64 = { min: 0n, max: 2n ** 64n - 1n };

/** What tests do to an engine of one kind. */
export interface EngineControls<E> {
  /** Ends it as a crash would. */
  crash(engine: E): Promise<void>;
  /** How many connections stores have. */
  connections(engine: E): Promise<number> | number;
}

/** What every store promises whose engine, on another machine, fails. For a block whose name ends with “whose engine”. */
export function faultsSuite<E extends NetworkEngine>(
  engine: () => E,
  { crash, connections }: EngineControls<E>,
): void {
  const open = (options?: StoreOptions): Promise<Opened> => openThrough(engine(), options);

  test('dies between a write and its response: the outcome is unknown, and the write is not repeated', async () => {
    const { store, proxy } = await open();
    await store.increment('b', 'n', 0n, U64);
    const dropped = proxy.once('drop');
    await expect(store.increment('b', 'n', 1n, U64)).rejects.toMatchObject({ code: 'store-outcome-unknown' });
    await dropped;
    // The engine had received it: a repetition would have counted 2.
    expect(await store.increment('b', 'n', 0n, U64)).toBe(1n);
  });

  test('dies before the response to a read: it is repeated', async () => {
    const { store, proxy } = await open();
    await store.set('b', 'k', Uint8Array.of(7));
    const dropped = proxy.once('drop');
    expect(await store.get('b', 'k')).toEqual(Uint8Array.of(7));
    await dropped;
  });

  test('is cut off within a batch: nothing of it is written, and the outcome is unknown', async () => {
    const { store, proxy } = await open();
    await store.set('b', 'warm', Uint8Array.of(1));
    const cut = proxy.once('truncate');
    const batch = Array.from({ length: 8 }, (_, n) => [`k${n}`, new Uint8Array(100_000)] as const);
    await expect(store.setMany('b', batch)).rejects.toMatchObject({ code: 'store-outcome-unknown' });
    await cut;
    expect((await store.list('b')).keys).toEqual(['warm']);
  });

  test('stops responding: every call ends within its timeout, and the connection is closed', async () => {
    const { store, proxy } = await open({ timeout: 2000, wait: 60_000 });
    await store.set('b', 'k', Uint8Array.of(1));
    proxy.set('mute');
    await expect(store.set('b', 'k', Uint8Array.of(2))).rejects.toMatchObject({
      code: 'store-outcome-unknown',
    });
    await expect(store.get('b', 'k')).rejects.toMatchObject({ code: 'store-unavailable' });
    proxy.set('pass');
    expect(await eventually(() => store.get('b', 'k'))).toEqual(Uint8Array.of(2));
    await vi.waitFor(async () => expect(await connections(engine())).toBe(1), 30_000);
  });

  test('is disconnected under load: calls fail at once, no acknowledged write is lost, and the store reconnects by itself', async () => {
    const { store, proxy, reports } = await open({ timeout: 10_000 });
    let [acknowledged, unknown, refused, isOver] = [0, 0, 0, false];
    const client = async (): Promise<void> => {
      while (!isOver) {
        try {
          await store.increment('b', 'n', 1n, U64);
          acknowledged += 1;
        } catch (error) {
          const { code } = error as WasmcpError;
          if (code === 'store-outcome-unknown') unknown += 1;
          else if (code === 'store-unavailable') refused += 1;
          else throw error;
          await delay(5);
        }
      }
    };
    const clients = Promise.all(Array.from({ length: 8 }, client));
    for (const count of [50, 100]) {
      while (acknowledged < count) await delay(5);
      proxy.set('cut');
      const before = refused;
      while (refused < before + 50) await delay(5);
      proxy.set('pass');
      await eventually(() => store.get('b', 'n'));
    }
    isOver = true;
    await clients;
    const counted = Number(await store.increment('b', 'n', 0n, U64));
    expect(counted).toBeGreaterThanOrEqual(acknowledged);
    expect(counted).toBeLessThanOrEqual(acknowledged + unknown);
    expect(reports.map((report) => report?.code)).toEqual([
      'store-unavailable',
      undefined,
      'store-unavailable',
      undefined,
    ]);
  }, 120_000);

  test('is killed and restarted: no acknowledged write is lost', async () => {
    const { store } = await open();
    await store.set('b', 'k', Uint8Array.of(1));
    await crash(engine());
    await expect(store.set('b', 'k', Uint8Array.of(2))).rejects.toMatchObject({
      code: expect.stringMatching(/^store-(unavailable|outcome-unknown)$/) as unknown,
    });
    await engine().start();
    expect(await eventually(() => store.get('b', 'k'))).toEqual(Uint8Array.of(1));
    // What connections had prepared, such as scripts, is gone.
    await store.set('b', 'k', Uint8Array.of(3));
    expect((await store.read('b', 'k')).value).toEqual(Uint8Array.of(3));
  }, 120_000);

  test('is unavailable at the start: opening waits as long as allowed, then fails and says so', async () => {
    await engine().stop();
    const url = engine().url();
    await expect(openStore(url)).rejects.toMatchObject({ code: 'store-unavailable' });
    await expect(openStore(url, { wait: 300 })).rejects.toThrow(
      /cannot be reached: .*; waited 0\.3 s for it \(--store-wait\)$/,
    );
    const reports: unknown[] = [];
    const opening = openStore(url, { wait: 600_000, away: (failure) => reports.push(failure?.code) });
    await engine().start();
    await (await opening).close();
    expect(reports.at(-1)).toBe(undefined);
  }, 120_000);
}
