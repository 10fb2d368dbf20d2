import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Store } from '../../../host/index.ts';
import { openStore } from '../../../host/index.ts';

import { temporaryFolder } from '../../support/command.ts';
import { create, type Serving, type ServingOptions } from '../../support/serving.ts';

interface Watched extends Serving {
  /** Sends a change; returns the status. */
  change(path: string, value?: string): Promise<number>;
  /** Waits for `count` notifications of the watcher and returns them. */
  told(count: number): Promise<string[]>;
}

async function watched(options: ServingOptions = {}, name = 'watcher-draft'): Promise<Watched> {
  const serving = await create(name, options);
  const ask = (path: string, body?: string): Promise<Response> =>
    serving.server.fetch(new Request(`http://localhost${path}`, { method: 'POST', body: body ?? '' }));
  return {
    ...serving,
    change: async (path, value) => (await ask(path, value)).status,
    async told(count) {
      for (;;) {
        const lines = (await (await ask('/told')).text()).split('\n').slice(0, -1);
        if (lines.length >= count) return lines;
      }
    },
  };
}

/** A store whose calls return with a delay. */
async function slowStore(): Promise<Store> {
  const store = await openStore('memory:');
  return new Proxy(store, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) =>
        new Promise((resolve) => setImmediate(resolve)).then(() => Reflect.apply(value, target, args));
    },
  });
}

const stores: Record<string, () => Promise<string | Store> | string> = {
  'in a file': () => `sqlite:${join(temporaryFolder(), 'store.db')}`,
  'in memory': () => 'memory:',
  'with a delay': slowStore,
};

test.each([
  ['watcher-draft', 'in a file'],
  ['watcher-draft', 'in memory'],
  ['watcher-draft2', 'with a delay'],
])('%s is notified of each change in a store %s, in order', async (name, kind) => {
  const { change, told, errors } = await watched({ store: await stores[kind]!() }, name);
  await change('/set?bucket=a&key=name', 'A');
  await change('/set?bucket=b&key=name', 'B');
  await change('/set?bucket=a&key=k', 'one');
  await change('/set-many?bucket=b&key=x&key=y&key=x', 'both');
  await change('/increment?bucket=a&key=n');
  await change('/increment?bucket=a&key=n');
  await change('/delete?bucket=a&key=k');
  await change('/delete-many?bucket=b&key=x&key=y');
  expect(await told(10)).toEqual([
    'set name A in A',
    'set name B in B',
    'set k one in A',
    'set x both in B',
    'set y both in B',
    'set n 1 in A',
    'set n 2 in A',
    'delete k in A',
    'delete x in B',
    'delete y in B',
  ]);
  expect(errors()).toEqual([]);
});

test('a successful swap is reported, a failed one is not', async () => {
  const { change, told } = await watched({}, 'watcher-draft2');
  await change('/swap?key=k', 'swapped');
  expect(await told(1)).toEqual(['set k swapped in ']);
});

test('changes of many requests in many workers are reported in the order of their commits', async () => {
  const store = `sqlite:${join(temporaryFolder(), 'store.db')}`;
  const { change, told } = await watched({ store, workers: 3 });
  await Promise.all(Array.from({ length: 60 }, () => change('/increment?key=n')));
  const lines = await told(60);
  expect(lines).toEqual(Array.from({ length: 60 }, (_, n) => `set n ${n + 1} in `));
});

test('a change is reported even if its request trapped', async () => {
  const { change, told } = await watched();
  expect(await change('/set-then-trap?key=k', 'v')).toBe(500);
  expect(await told(1)).toEqual(['set k v in ']);
});

test('changes that the watcher makes itself are not reported', async () => {
  const { change, told } = await watched();
  await change('/set?key=echo', 'loud');
  await change('/set?key=last', '');
  expect(await told(2)).toEqual(['set echo loud in ', 'set last  in ']);
});

describe('a watcher that fails', () => {
  test.each([
    ['trap', /guest trapped/],
    ['exit', /exited with status 1/],
    ['spin', /did not respond within 3000 ms/],
    ['hang', /did not respond within 3000 ms/],
  ])('by %s is logged once, harms no request, and is notified of the next change', async (key, reason) => {
    const { change, told, errors } = await watched({ timeout: 3000 });
    expect(await change(`/set?key=${key}`, 'v')).toBe(200);
    expect(await change('/set?key=next', 'v')).toBe(200);
    expect(await told(2)).toEqual([`set ${key} v in `, 'set next v in ']);
    expect(errors()).toEqual([expect.stringMatching(reason)]);
    expect(errors()[0]).toMatch(/^error on-set wasi:keyvalue\/watcher: /);
  });

  test('starts in its initial state for each change', async () => {
    const { change, told, errors } = await watched({ verifyRestores: true });
    for (const key of ['a', 'trap', 'b']) await change(`/set?key=${key}`, 'v');
    expect(await told(3)).toEqual(['set a v in ', 'set trap v in ', 'set b v in ']);
    expect(errors()).toHaveLength(1);
  });
});

test('a slow watcher delays no request, and a closing server waits for it', async () => {
  const store = await openStore('memory:');
  const { change, server } = await watched({ store });
  for (const value of ['1', '2', '3']) await change('/set?key=sleep', value);
  expect(await store.get('book', '3')).toBeUndefined();
  await server.close(10_000);
  expect(Buffer.from((await store.get('book', '3'))!).toString()).toBe('set sleep 3 in ');
});

test('changes that a closing server could not deliver are logged', async () => {
  const { change, server, log } = await watched();
  for (let n = 0; n < 3; n += 1) await change('/set?key=hang');
  await server.close(100);
  expect(log).toContainEqual(expect.stringMatching(/^error watcher: 2 changes were not delivered/));
});
