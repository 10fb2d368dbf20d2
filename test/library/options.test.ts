import { describe, expect, test } from 'vitest';
import { createHost } from '../../host/public.ts';
import { createServer, loadComponent, openStore } from '../../src/index.ts';
import { serveForTest } from '../../src/testing.ts';
import { component } from '../support/serving.ts';

/** What a program might give, types or not, and what it is told. */
const SERVER: readonly (readonly [options: unknown, message: string])[] = [
  [{ workers: -1 }, 'workers must be a whole number from 0 to 256, not -1'],
  [{ workers: 1.5 }, 'workers must be a whole number from 0 to 256, not 1.5'],
  [{ timeout: Number.NaN }, 'timeout must be milliseconds from 1 to 2147483647, not NaN'],
  [{ timeout: '30s' }, 'timeout must be milliseconds from 1 to 2147483647, not "30s"'],
  [{ streamIdle: Number.POSITIVE_INFINITY }, 'streamIdle must be milliseconds'],
  [{ maxBody: -1 }, 'maxBody must be a whole number of bytes, 0 or more, not -1'],
  [{ maxConnections: null }, 'maxConnections must be a whole number from 1 to 1000000, not null'],
  [
    { isolation: { reuse: 0 } },
    'isolation must be "request", "fresh" or { reuse: N } with N from 1 to 1000000, not an object',
  ],
  [{ isolation: 'frehs' }, 'not "frehs"'],
  [{ timeOut: 1 }, 'createServer has no option "timeOut"; did you mean "timeout"?'],
  [{ nonsense: undefined }, 'createServer has no option "nonsense"'],
  [{ toString: 1 }, 'createServer has no option "toString"'],
  [{ store: 7 }, 'store must be a URL or a store, not 7'],
  [{ durability: 'full' }, 'durability must be one of "power", "process", "strict", not "full"'],
  [{ storeLimits: { maxValu: 1 } }, 'storeLimits has no option "maxValu"; did you mean "maxValue"?'],
  [
    { storeLimits: { maxValue: '1' } },
    'storeLimits.maxValue must be a whole number of bytes, 0 or more, not "1"',
  ],
  [{ env: { A: 1 } }, 'env.A must be a string, not 1'],
  [{ env: ['A=1'] }, 'env must be an object of strings, not a list'],
  [{ presets: [['a']] }, 'presets must be a list of pairs of strings, not a list'],
  [{ directories: ['/tmp'] }, 'directories[0] must be an object of options, not "/tmp"'],
  [{ directories: [{ host: '/tmp', guest: 1 }] }, 'directories[0].guest must be a string, not 1'],
  [{ outgoing: { allow: 'https://a' } }, 'outgoing.allow must be a list of strings, not "https://a"'],
  [{ log: 'all' }, 'log must be a function, not "all"'],
  [{ trustProxy: 'yes' }, 'trustProxy must be true or false, not "yes"'],
  [
    { sessionRetention: 10 },
    'sessionRetention must be "off" or milliseconds from a second to a hundred years',
  ],
  ['memory:', 'createServer must be an object of options, not "memory:"'],
];

describe('createServer', async () => {
  const loaded = await component('http-lab');

  test.each(SERVER)('refuses %j', (options, message) => {
    const create = (): unknown => createServer(loaded, options as never);
    expect(create).toThrow(TypeError);
    expect(create).toThrow(message);
  });

  test('treats undefined options as absent', async () => {
    await createServer(loaded, { timeout: undefined as never, workers: 1 }).close();
  });
});

test.each([
  [
    'loadComponent',
    { maxMemory: 1 },
    'maxMemory must be a whole number of bytes, 65536 to 4294967296, not 1',
  ],
  ['loadComponent', { cacheDirectory: '/tmp' }, 'loadComponent has no option "cacheDirectory"'],
  ['openStore', { busyTimeout: -1 }, 'busyTimeout must be milliseconds from 0 to 2147483647, not -1'],
  ['openStore', { durabilty: 'power' }, 'openStore has no option "durabilty"; did you mean "durability"?'],
  ['createHost', { preopens: [{ host: 1 }] }, 'createHost: preopens[0].host must be a string, not 1'],
  ['createHost', { argv: [] }, 'createHost has no option "argv"; did you mean "args"?'],
  ['serveForTest', { timeout: 0 }, 'serveForTest: timeout must be milliseconds from 1 to 2147483647, not 0'],
  ['serveForTest', { output: () => {} }, 'serveForTest has no option "output"'],
] as const)('%s refuses %j', async (name, options, message) => {
  const calls: Record<typeof name, () => unknown> = {
    loadComponent: () => loadComponent('not-there.wasm', options as never),
    openStore: () => openStore('memory:', options as never),
    createHost: () => createHost(options as never),
    serveForTest: () => serveForTest('not-there.wasm', options as never),
  };
  const failure = await (async () => calls[name]())().catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(TypeError);
  expect((failure as Error).message).toContain(message);
});

test('openStore refuses a URL that is not a string', async () => {
  await expect(openStore(7 as never)).rejects.toThrow('openStore: the URL must be a string, not 7');
});
