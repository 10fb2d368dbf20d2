import { execFile } from 'node:child_process';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { loadComponent } from '../../src/loader/load-component.ts';
import { createMonitor } from '../../src/server/admin/monitor.ts';
import { fixture } from '../support/command.ts';
import { rawGlue } from '../support/raw-glue.ts';
import { component, create } from '../support/serving.ts';
import { answersTo, unitsOf } from './answers.ts';
import type { Manner } from './metered.ts';
import { INITIALIZE, REQUESTS } from './requests.ts';
import { type GuestRequest, serveInThread } from './served.ts';

const run = promisify(execFile);
const COMMAND = join(import.meta.dirname, 'units-command.ts');

async function elsewhere(node: string, options: readonly string[], manner: Manner): Promise<unknown> {
  const files = Object.keys(REQUESTS).map(fixture);
  const { stdout } = await run(node, [...options, COMMAND, manner, ...files], { maxBuffer: 1024 ** 3 });
  return JSON.parse(stdout);
}

async function here(manner: Manner): Promise<unknown> {
  const all: Record<string, unknown> = {};
  for (const [name, requests] of Object.entries(REQUESTS)) {
    const answers = await answersTo(await component(name), requests, manner);
    all[name] = { texts: answers.map(({ text }) => text), units: unitsOf(answers, requests) };
  }
  return all;
}

describe('guests answer the same, and take as many units', () => {
  test.each(['--liftoff-only', '--no-liftoff'])(
    'compiled with %s',
    async (option) => {
      expect(await elsewhere(process.execPath, [option], 'suspend')).toEqual(await here('never'));
    },
    300_000,
  );

  // They are downloaded: npm run test:all
  const versions = process.env.NODE_VERSIONS?.split(' ').filter(
    (version) => Number.parseInt(version, 10) >= 24,
  );
  test.skipIf(versions === undefined).each(versions ?? [])(
    'by Node %s',
    async (version) => {
      const options = ['-y', '-p', `node@${version}`, '--', 'node'];
      expect(await elsewhere('npx', options, 'suspend')).toEqual(await here('never'));
    },
    300_000,
  );

  // Servers of others, which are not part of this project: COMPONENTS='/path/to/a.wasm /path/to/b.wasm'
  const paths = process.env.COMPONENTS?.split(' ');
  test.skipIf(paths === undefined).each((paths ?? []).map((path) => [basename(path), path]))(
    'an MCP server: %s',
    async (_, path) => {
      const methods = ['tools/list', 'resources/list', 'prompts/list', 'ping', 'none'];
      const { headers, method, path: to } = INITIALIZE;
      const requests: GuestRequest[] = [
        INITIALIZE,
        ...methods.map((name, at) => ({
          headers: headers!,
          method: method!,
          path: to,
          body: JSON.stringify({ jsonrpc: '2.0', id: at + 2, method: name, params: {} }),
        })),
      ];
      const loaded = await loadComponent(path);
      const [plain, asked, suspended] = [
        await answersTo(loaded, requests, 'never'),
        await answersTo(loaded, requests, 'ask'),
        await answersTo(loaded, requests, 'suspend'),
      ];
      expect(plain[0]!.text).toMatch(/^\[200,/);
      expect(suspended.every(({ waits }) => waits > 10)).toBe(true);
      for (const answers of [asked, suspended]) {
        expect(answers.map(({ text }) => text)).toEqual(plain.map(({ text }) => text));
        expect(unitsOf(answers, requests)).toEqual(unitsOf(plain, requests));
      }
    },
    300_000,
  );
});

/** What they answer depends on nothing but them. */
const PLAIN: readonly (readonly [name: string, request: GuestRequest])[] = [
  ['misbehave', { path: '/compute?rounds=2000' }],
  ['http-lab', { method: 'POST', path: '/echo', body: 'z'.repeat(2000) }],
  ['kv-draft', { method: 'POST', path: '/set?key=a', body: 'one' }],
  ['notes-draft', REQUESTS['notes-draft']![1]!],
];

const RUNS = 500;

describe(`${RUNS} runs take as many units`, () => {
  test.each(PLAIN)(
    '%s, suspended at every question or not',
    async (name, request) => {
      const units = new Set<number>();
      for (const manner of ['never', 'suspend'] as const) {
        const serve = await serveInThread(await component(name), manner);
        for (let n = 0; n < RUNS / 2; n += 1) units.add((await serve(request)).units);
      }
      expect(units.size).toBe(1);
      expect([...units][0]).toBeGreaterThan(500);
    },
    300_000,
  );

  test.skipIf(rawGlue).each(PLAIN)(
    '%s, served beside others that compute, in instances that are restored and verified',
    async (name, request) => {
      const units: number[] = [];
      const { server, errors } = await create(name, {
        workers: 2,
        mcp: 'off',
        verifyRestores: true,
        monitor: { ...createMonitor(), guestUsed: (_, used) => void units.push(used) },
      });
      const { path, ...rest } = request;
      const headers = Object.fromEntries(pairs(request.headers ?? []));
      const ask = async (): Promise<void> => {
        const response = await server.fetch(
          new Request(`http://localhost${path}`, { ...rest, headers } as RequestInit),
        );
        await response.arrayBuffer();
      };
      await ask();
      await expect.poll(() => units.length, { timeout: 10_000 }).toBe(1);
      units.length = 0;
      for (let round = 0; round < RUNS / 20; round += 1) await Promise.all(Array.from({ length: 20 }, ask));
      // A guest's use is reported after its response.
      await expect.poll(() => units.length, { timeout: 10_000 }).toBe(RUNS);
      expect(new Set(units).size).toBe(1);
      expect(errors()).toEqual([]);
    },
    300_000,
  );
});

function pairs(flat: readonly string[]): [string, string][] {
  return flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1]!] as [string, string]] : []));
}
