import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fixture, serve, temporaryFolder } from '../support/command.ts';
import { runScript } from '../support/script.ts';

const SUITE: string = join(import.meta.dirname, '../../node_modules/conformance-2026/dist/index.js');

/** What 0.2.0-alpha.12 has for servers of 2026-07-28, with what the revision does not require. */
const SCENARIOS = 50;

/** Checks that need what is not there yet, or that the fixture's tools do not exercise, and the reason. */
const NOT_YET: readonly [pattern: RegExp, reason: string][] = [
  [/^tasks-status-notifications$/, 'the suite skips it'],
  [
    /^sep-2663-server-returns-missing-capability-when-required$/,
    'no tool requires a task: the edge decides by time',
  ],
  [/^sep-2575-server-(sends|tags|honors)-/, 'the fixture notifies only in the response to a request'],
];

interface Check {
  readonly id: string;
  readonly status: string;
  readonly errorMessage?: string;
}

/** What goes wrong in front of a guest, except for what `expected` names. */
async function failures(guest: string, expected: readonly [pattern: RegExp, reason: string][]) {
  const { url } = await serve(fixture(guest), [
    ...['--store', 'memory:', '--mcp', 'guide'],
    // Jobs of the fixture take a second.
    ...['--task-after', '500ms'],
  ]);
  const results = temporaryFolder();
  const options = ['--requirements', '2026-07-28', '--output-dir', results];
  await runScript(SUITE, ['server', '--url', `${url}/mcp`, ...options]);
  const files = globSync('*/checks.json', { cwd: results });
  expect(files).toHaveLength(SCENARIOS);
  return files
    .flatMap((file) => {
      const checks: Check[] = JSON.parse(readFileSync(join(results, file), 'utf8'));
      return checks.map((check) => ({ ...check, file }));
    })
    .filter(({ status }) => status !== 'SUCCESS' && status !== 'INFO')
    .filter(({ id, file }) => {
      const scenario = file.replace(/^server-/, '');
      return !expected.some(([pattern]) => pattern.test(id) || pattern.test(scenario));
    });
}

test('notes-draft, a guest of 2025-11-25, passes the conformance suite for 2026-07-28 as far as it is served', async () => {
  expect(await failures('notes-draft', NOT_YET)).toEqual([]);
}, 120_000);

test('modern, a guest of 2026-07-28, passes the conformance suite through the edge', async () => {
  const expected: [RegExp, string][] = [[/^tasks-status-notifications$/, 'the suite skips it']];
  expect(await failures('modern', expected)).toEqual([]);
}, 120_000);
