import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fixture, serve, temporaryFolder } from '../support/command.ts';
import { runScript } from '../support/script.ts';

const SUITE: string = join(
  import.meta.dirname,
  '../../node_modules/@modelcontextprotocol/conformance/dist/index.js',
);
const EXPECTED_FAILURES: string = join(import.meta.dirname, 'conformance-expected-failures.yml');

/** All that the suite has for servers at 0.1.16, its pending ones too. */
const SCENARIOS = 32;

interface Check {
  readonly id: string;
  readonly status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO';
  readonly errorMessage?: string;
}

test.each([
  ['notes-draft', 'off'],
  ['notes-draft', 'guide'],
  ['notes-draft2', 'strict'],
  // A guest of 2026-07-28, for clients of earlier revisions.
  ['modern', 'guide'],
])(
  "%s passes MCP's conformance suite for servers with --mcp %s",
  async (name, mode) => {
    const { url } = await serve(fixture(name), ['--store', 'memory:', '--mcp', mode]);
    const results = temporaryFolder();
    const { status, stdout, stderr } = await runScript(SUITE, [
      ...['server', '--url', `${url}/mcp`, '--suite', 'all'],
      ...['--expected-failures', EXPECTED_FAILURES, '--output-dir', results],
    ]);
    const checks = globSync('*/checks.json', { cwd: results }).map((file): Check[] =>
      JSON.parse(readFileSync(join(results, file), 'utf8')),
    );
    // A warning is about something that a server should do, and both host and fixture do it.
    const wrong = checks.flat().filter((check) => check.status !== 'SUCCESS' && check.status !== 'INFO');
    expect(wrong).toEqual([]);
    expect(status, stdout + stderr).toBe(0);
    expect(checks).toHaveLength(SCENARIOS);
  },
  60_000,
);
