import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { fixture, run, serve } from '../support/command.ts';
import { rawGlue } from '../support/raw-glue.ts';
import { component } from '../support/serving.ts';
import { startWasmtime, WASMTIME } from '../support/wasmtime.ts';
import { type GuestRequest, serveInThread } from './served.ts';

/** Requests to fixtures that both run, which take as many units each time. */
const REQUESTS: readonly (readonly [name: string, path: string, rest: Omit<GuestRequest, 'path'>])[] = [
  ['kv-draft', '/set?key=a', { method: 'POST', body: 'x'.repeat(1000) }],
  ['http-lab', '/echo', { method: 'POST', body: 'z'.repeat(20_000) }],
  ['http-lab', '/big?bytes=100000', {}],
  ['misbehave', '/ok', {}],
  ['waits', '/ok', {}],
];

async function statusOf(url: string, { path, method = 'GET', body }: GuestRequest): Promise<number> {
  const response = await fetch(url + path, { method, ...(body !== undefined && { body }) });
  // It may end early.
  await response.arrayBuffer().catch(() => {});
  return response.status;
}

/** The status of a request to `wasmtime serve` with so much fuel. */
async function statusThere(name: string, request: GuestRequest, fuel: number): Promise<number> {
  const options = ['-Scli,keyvalue,config', '-W', `fuel=${fuel}`, '--addr', '127.0.0.1:0'];
  const { url, child } = await startWasmtime(['serve', ...options, fixture(name)]);
  try {
    return await statusOf(url, request);
  } finally {
    child.kill();
  }
}

// The binary is not part of this project: WASMTIME=/path/to/wasmtime npx vitest run test/metering/wasmtime-fuel.test.ts
describe.skipIf(WASMTIME === undefined || rawGlue)(
  'a guest that fits into an amount of fuel in wasmtime fits here',
  () => {
    test.each(REQUESTS)('%s: %s', { timeout: 60_000 }, async (name, path, rest) => {
      const request = { path, ...rest };
      // With those of its instantiation, which is counted there.
      const { units } = await (await serveInThread(await component(name), 'never'))(request);
      expect(await statusThere(name, request, units)).toBe(500);
      // It was not for another reason.
      expect(await statusThere(name, request, 16 * units)).toBe(200);
      const { url } = await serve(fixture(name), ['--store', 'memory:', '-W', `fuel=${units}`]);
      expect(await statusOf(url, request)).toBe(200);
    });

    test('command', { timeout: 60_000 }, async () => {
      const statuses = new Set<number | null>();
      for (let fuel = 1000; fuel <= 64_000; fuel *= 2) {
        const words = ['-W', `fuel=${fuel}`, fixture('command'), 'args', 'x'];
        const theirs = spawnSync(WASMTIME!, ['run', '-Skeyvalue,config', ...words], { encoding: 'utf8' });
        const ours = await run(['run', '--store', 'memory:', ...words]);
        statuses.add(theirs.status);
        if (theirs.status === 0) expect(ours).toMatchObject({ status: 0, stdout: theirs.stdout });
        else expect([0, theirs.status]).toContain(ours.status);
      }
      expect(statuses).toEqual(new Set([134, 0]));
    });
  },
);
