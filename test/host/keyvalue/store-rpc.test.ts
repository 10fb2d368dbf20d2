import { once } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test } from 'vitest';
import { storeConformance } from '../../../host/keyvalue/conformance/conformance.ts';
import { openMemory } from '../../../host/keyvalue/sqlite/open.ts';
import type { Store } from '../../../host/keyvalue/store.ts';
import { connectStore, serveStore } from '../../../host/keyvalue/store-rpc.ts';

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

function throughPort(served: Store): { store: Store; far: MessageChannel['port1'] } {
  const { port1, port2 } = new MessageChannel();
  serveStore(served, port1);
  const store = connectStore(port2, served.url);
  cleanups.push(
    () => store.close(),
    () => served.close(),
  );
  return { store, far: port1 };
}

describe('a store over RPC passes the conformance suite', () => {
  /** Leases are used where the store is. */
  function open(): Store {
    const served = openMemory();
    return { ...throughPort(served).store, leases: served.leases };
  }
  test.each(storeConformance(open))('$name', ({ run }) => run());
});

test('closing the near end leaves the store open', async () => {
  const served = openMemory();
  const { store } = throughPort(served);
  await store.set('b', 'k', Uint8Array.of(1));
  await store.close();
  expect(await served.exists('b', 'k')).toBe(true);
});

test('pending calls fail when the far end closes, and so do later ones', async () => {
  const { store, far } = throughPort({ ...openMemory(), get: () => new Promise(() => {}) });
  const pending = expect(store.get('b', 'k')).rejects.toMatchObject({ code: 'store-closed' });
  await store.exists('b', 'k');
  far.close();
  await pending;
  await expect(store.exists('b', 'k')).rejects.toMatchObject({ code: 'store-closed' });
});

test('a bug of the store is thrown as the original error', async () => {
  const { store } = throughPort({
    ...openMemory(),
    get: () => {
      throw new RangeError('of the store');
    },
    exists: async () => {
      throw new TypeError('also of the store');
    },
  });
  await expect(store.get('b', 'k')).rejects.toThrow(new RangeError('of the store'));
  const error = await Promise.resolve(store.exists('b', 'k')).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(TypeError);
  expect(error).toMatchObject({ message: 'also of the store' });
});

test('only the bytes of a view are sent, not its whole buffer', async () => {
  let received: Uint8Array | undefined;
  const { store } = throughPort({
    ...openMemory(),
    set: (_bucket, _key, value) => {
      received = value;
    },
  });
  await store.set('b', 'k', new Uint8Array(1024 * 1024).subarray(5, 8));
  expect(received?.buffer.byteLength).toBe(3);
});

test('a worker uses a store of this thread, and exits by itself', async () => {
  const served = openMemory();
  const { port1, port2 } = new MessageChannel();
  cleanups.push(
    () => port1.close(),
    () => served.close(),
  );
  serveStore(served, port1);
  const module = new URL('../../../host/keyvalue/store-rpc.ts', import.meta.url).href;
  const worker = new Worker(
    `const { workerData: port } = require('node:worker_threads');
     import(${JSON.stringify(module)}).then(async ({ connectStore }) => {
       const store = connectStore(port, 'memory:');
       for (let i = 0; i < 100; i++) await store.increment('b', 'n', 1n, { min: 0n, max: 1000n });
     });`,
    { eval: true, workerData: port2, transferList: [port2] },
  );
  expect(await once(worker, 'exit')).toEqual([0]);
  expect(Buffer.from((await served.get('b', 'n'))!).toString()).toBe('100');
});
