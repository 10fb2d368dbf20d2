import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { openStore, type Store } from '../../../host/index.ts';
import type { GlueImports } from '../../../src/component/glue.ts';
import { rawGlue } from '../../support/raw-glue.ts';
import { component } from '../../support/serving.ts';
import { type Loaded, leanGlue, load, transpileRaw, transpileSync, waitingFunctions } from './component.ts';
import { FIXTURES } from './requests.ts';
import { createRestoringServer, createTestServer, type Send, type TestRequest, type Wrap } from './serve.ts';
import { makeWait } from './waiting.ts';

const FOLDER = join(import.meta.dirname, '../../../fixtures');

const COUNT = FIXTURES.reduce((count, [, requests]) => count + requests.length, 0);

/** The same time and random numbers for each run. */
function fixChance(imports: GlueImports, random: () => number): GlueImports {
  const fixed: Record<string, object> = { ...imports };
  const fix = (name: string, functions: object): void => {
    for (const key of Object.keys(fixed))
      if (key.startsWith(`${name}@`)) fixed[key] = { ...fixed[key], ...functions };
  };
  fix('wasi:random/random', {
    getRandomBytes: (length: bigint) => Uint8Array.from({ length: Number(length) }, random),
    getRandomU64: () => BigInt(random()),
  });
  fix('wasi:random/insecure', {
    getInsecureRandomBytes: (length: bigint) => Uint8Array.from({ length: Number(length) }, random),
    getInsecureRandomU64: () => BigInt(random()),
  });
  fix('wasi:random/insecure-seed', { insecureSeed: () => [1n, 2n] });
  fix('wasi:clocks/wall-clock', { now: () => ({ seconds: 1_700_000_000n, nanoseconds: 0 }) });
  fix('wasi:clocks/monotonic-clock', { now: () => 1_000_000_000n });
  return fixed;
}

/** Sends the requests to a server made with fixed time and random numbers, and writes down what comes back. */
async function responses(
  requests: readonly TestRequest[],
  create: (store: Store, fix: Wrap) => Send,
): Promise<string[]> {
  const store = await openStore('memory:');
  let seed = 1;
  const random = (): number => {
    seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
    return seed & 255;
  };
  const send = create(store, (imports) => fixChance(imports, random));
  const seen: string[] = [];
  let session = '';
  for (const request of requests) {
    const headers = { ...request.headers };
    if (headers['mcp-session-id'] === '') headers['mcp-session-id'] = session;
    const response = await send({ ...request, headers });
    session = /mcp-session-id: (\S+)/i.exec(response)?.[1] ?? session;
    seen.push(`${request.method ?? 'GET'} ${request.path} ${response}`);
  }
  await store.close();
  return seen;
}

describe(`${COUNT} requests get the same responses, byte for byte`, () => {
  test('there are enough of them, for every fixture that serves HTTP', () => {
    expect(COUNT).toBeGreaterThanOrEqual(150);
    const committed = globSync('*.wasm', { cwd: FOLDER }).map((file) => file.replace('.wasm', ''));
    expect(FIXTURES.map(([name]) => name).sort()).toEqual(
      committed.filter((name) => !/^(command$|nested$|count-)/.test(name)).sort(),
    );
  });

  describe.each(FIXTURES)('%s', (name, requests) => {
    let lean: Loaded;
    let expected: string[];
    let waiting: string[];

    beforeAll(async () => {
      const bytes = await readFile(join(FOLDER, `${name}.wasm`));
      const raw = await transpileRaw(bytes);
      const sync = await transpileSync(bytes);
      lean = await load(sync, leanGlue(sync));
      waiting = waitingFunctions(sync.imports);
      const loaded = await load(raw, raw.glue);
      expected = await responses(requests, (store, fix) => createTestServer(loaded, store, fix));
    });

    test('from lean glue in fresh instances as from raw glue', async () => {
      const seen = await responses(requests, (store, fix) => createTestServer(lean, store, fix));
      expect(seen).toEqual(expected);
      expect(expected.filter((response) => response.includes('head 200')).length).toBeGreaterThan(1);
    });

    // Raw glue has no state to restore.
    test.skipIf(rawGlue)('from restored instances, each in its initial state', async () => {
      const loaded = await component(name);
      const seen = await responses(requests, (store, fix) => createRestoringServer(loaded, store, fix));
      expect(seen).toEqual(expected);
    });

    test('if every call that may wait does wait', async () => {
      const slow = makeWait(waiting);
      try {
        const seen = await responses(requests, (store, fix) =>
          createTestServer(lean, store, (imports) => slow.wrap(fix(imports))),
        );
        expect(seen).toEqual(expected);
        expect(slow.count()).toBeGreaterThan(requests.length / 2);
      } finally {
        slow.undo();
      }
    });
  });
});
