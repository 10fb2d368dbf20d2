import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { fixture, serve } from '../support/command.ts';

const run = promisify(execFile);
const SCRIPT: string = join(import.meta.dirname, 'python-clients.py');

/** The clients that people write Python with. */
const PACKAGES: readonly string[] = ['mcp==2.3.0', 'fastmcp==4.2.3'];

let python: string;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wasmcp-node-'));
  python = join(folder, 'bin', 'python');
  await run('python3', ['-m', 'venv', folder]);
  await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PACKAGES]);
  return () => rmSync(folder, { recursive: true, force: true });
}, 300_000);

/** What each client saw; those that are named here have to answer what the server asks. */
async function look(guest: string, asked: readonly string[]): Promise<unknown[]> {
  const { url } = await serve(fixture(guest), ['--mcp', 'guide', '--store', 'memory:']);
  const { stdout } = await run(python, [SCRIPT, `${url}/mcp`, asked.join()]);
  const lines = stdout.trim().split('\n');
  return lines.map((line) => JSON.parse(line));
}

const COMMON = {
  resource: 'This is the content of the static text resource.',
  prompt: 'This is a simple prompt for testing.',
  progress: [0, 50, 100],
  text: 'Tool with progress executed successfully',
  handle: null,
  asked: null,
};
const ASKED = [true, 'LLM response: a model said so', 'Ada likes blue'];
const MODERN = '2026-07-28';

test("Python's clients choose 2026-07-28 where they may, keep state by a session as an argument, hear of progress and answer what tools ask", async () => {
  const common = { ...COMMON, asked: [...ASKED, 'a model said so Ada [{"uri":"file:///project"}]'] };
  const modern = { ...common, version: MODERN, counted: ['1', '1'], handle: ['1', '2'] };
  expect(await look('notes-draft', ['fastmcp', 'legacy', 'auto', MODERN])).toEqual([
    { ...modern, client: 'fastmcp' },
    { ...common, client: 'legacy', version: '2025-11-25', counted: ['1', '2'] },
    { ...modern, client: 'auto' },
    { ...modern, client: MODERN },
  ]);
}, 120_000);

test("Python's clients are served in front of a guest of 2026-07-28, which may ask them, and so is one that begins with initialize", async () => {
  const common = { ...COMMON, asked: [...ASKED, 'everything was answered'] };
  expect(await look('modern', ['fastmcp', 'legacy', 'auto', MODERN])).toEqual([
    { ...common, client: 'fastmcp', version: MODERN, counted: ['1', '2'] },
    { ...common, client: 'legacy', version: '2025-11-25', counted: ['3', '4'] },
    { ...common, client: 'auto', version: MODERN, counted: ['5', '6'] },
    { ...common, client: MODERN, version: MODERN, counted: ['7', '8'] },
  ]);
}, 120_000);
