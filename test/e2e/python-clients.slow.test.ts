import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { fixture, serve, temporaryFolder } from '../support/command.ts';

const run = promisify(execFile);
const SCRIPT: string = join(import.meta.dirname, 'python-clients.py');

/** The clients that people write Python with. */
const PACKAGES: readonly string[] = ['mcp==2.3.0', 'fastmcp==4.2.3'];

test("Python's clients choose 2026-07-28 where they may, keep state by a session as an argument, and hear of progress", async () => {
  const python = join(temporaryFolder(), 'bin', 'python');
  await run('python3', ['-m', 'venv', join(python, '../..')]);
  await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PACKAGES]);
  const { url } = await serve(fixture('notes-draft'), ['--mcp', 'guide', '--store', 'memory:']);
  const { stdout } = await run(python, [SCRIPT, `${url}/mcp`]);
  const seen = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const common = { progress: [0, 50, 100], text: 'Tool with progress executed successfully' };
  const modern = { ...common, version: '2026-07-28', counted: ['1', '1'], handle: ['1', '2'] };
  expect(seen).toEqual([
    { ...modern, client: 'fastmcp' },
    { ...common, client: 'legacy', version: '2025-11-25', counted: ['1', '2'], handle: null },
    { ...modern, client: 'auto' },
    { ...modern, client: '2026-07-28' },
  ]);
}, 300_000);
