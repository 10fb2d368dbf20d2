import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import type * as conformance from '../../host/keyvalue/conformance/conformance.ts';
import type * as host from '../../host/public.ts';
import manifest from '../../package.json' with { type: 'json' };
import type * as library from '../../src/index.ts';
import type * as testing from '../../src/testing.ts';
import { createReader, type Reader } from '../docs/reader.ts';

let reader: Reader;
beforeAll(() => {
  reader = createReader(8080);
});
afterAll(() => reader.remove());

async function evaluate(program: string): Promise<unknown> {
  const args = ['--input-type=module', '--eval', program];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: reader.folder,
    env: reader.env,
  });
  return JSON.parse(stdout);
}

const ENTRIES: Record<string, readonly string[]> = {
  'wasmcp-node': ['WasmcpError', 'createServer', 'loadComponent', 'openStore'],
  'wasmcp-node/testing': ['serveForTest'],
  'wasmcp-node/conformance': ['changesConformance', 'storeConformance'],
  'wasmcp-node/keyvalue': ['keyvalue', 'openStore'],
  'wasmcp-node/host': [
    'Guest',
    'GuestExit',
    'Signal',
    'WasmcpError',
    'bytesSource',
    'checked',
    'createBudget',
    'createExchange',
    'createHost',
    'openOutgoing',
    'openStore',
    'prefixedLines',
  ],
};

/** Their import opens a store: they are what `jco transpile --map` puts in place of the host. */
const OPENING = ['wasmcp-node/keyvalue/draft', 'wasmcp-node/keyvalue/draft2'];

test('the package has no other entries', () => {
  const entries = Object.keys(manifest.exports).map((entry) => entry.replace('.', 'wasmcp-node'));
  const all = [...Object.keys(ENTRIES), ...OPENING, 'wasmcp-node/package.json'];
  expect(entries.sort()).toEqual(all.sort());
});

describe.each(Object.entries(ENTRIES))('%s', (entry, names) => {
  test('exports these names, and its import leaves the process as it was', async () => {
    const found = await evaluate(`
      import { readdirSync } from 'node:fs';
      const shape = () => ({
        resources: process.getActiveResourcesInfo(), listeners: process.eventNames(), env: { ...process.env },
        globals: Object.getOwnPropertyNames(globalThis).sort(), files: readdirSync('.'), status: process.exitCode });
      // They are opened by the first look, be it node's own.
      process.stdout.isTTY === process.stderr.isTTY;
      const before = shape();
      const names = Object.keys(await import('${entry}')).sort();
      const after = shape();
      const changed = Object.keys(before).filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
      console.log(JSON.stringify({ names, changed }));`);
    expect(found).toEqual({ names, changed: [] });
  });
});

test.each(OPENING)(
  '%s opens the store that the environment names, and leaves no process open',
  async (entry) => {
    const found = await evaluate(`
    process.env.WASMCP_NODE_STORE = 'sqlite:${entry.replaceAll('/', '-')}.db';
    const { store, batch, atomics } = await import('${entry}');
    const bucket = store.open('');
    atomics.increment(bucket, 'n', 2n);
    const { existsSync } = await import('node:fs');
    console.log(JSON.stringify([new TextDecoder().decode(bucket.get('n')), typeof batch.getMany, existsSync('${entry.replaceAll('/', '-')}.db')]));`);
    expect(found).toEqual(['2', 'function', true]);
  },
);

test('the exported types are those that the manual documents', () => {
  type Library = typeof library;
  expectTypeOf<Library['loadComponent']>().parameter(0).toEqualTypeOf<string | URL | Uint8Array>();
  expectTypeOf<Library['loadComponent']>().returns.resolves.toEqualTypeOf<library.Component>();
  expectTypeOf<Library['openStore']>().returns.resolves.toEqualTypeOf<library.Store>();
  expectTypeOf<Library['createServer']>().parameter(1).toEqualTypeOf<library.ServerOptions | undefined>();
  expectTypeOf<Library['createServer']>().returns.toEqualTypeOf<library.Server>();
  expectTypeOf<library.Server>().toExtend<AsyncDisposable>();
  expectTypeOf<library.Server['fetch']>().toEqualTypeOf<(request: Request) => Promise<Response>>();
  expectTypeOf(fetch).toExtend<library.Fetch>();
  expectTypeOf<(typeof host)['createHost']>().toEqualTypeOf<(options?: host.HostOptions) => host.Host>();
  expectTypeOf<(typeof host)['checked']>().parameter(0).toEqualTypeOf<library.Store>();
  expectTypeOf<host.LineSink>().toExtend<host.GuestIo['stdout']>();
  expectTypeOf<library.WasmcpError>().toExtend<Error>();
  expectTypeOf<(typeof testing)['serveForTest']>().returns.resolves.toEqualTypeOf<testing.TestServer>();
  expectTypeOf<testing.TestServer>().toExtend<AsyncDisposable>();
  expectTypeOf<(typeof conformance)['storeConformance']>().returns.toEqualTypeOf<
    conformance.ConformanceTest[]
  >();
});
