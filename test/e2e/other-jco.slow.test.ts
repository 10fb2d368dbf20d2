import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  fixture,
  type RunOptions,
  run,
  type ServeProcess,
  serve,
  temporaryFolder,
} from '../support/command.ts';
import { callTool, initialize } from '../support/mcp.ts';

/** Glue that differs in one place from what the rewrites know, as that of another jco may. */
const HOOK = join(import.meta.dirname, '../support/other-jco.mjs');

function environment(cache = temporaryFolder()): RunOptions {
  return { env: { NODE_OPTIONS: `--import ${HOOK}`, XDG_CACHE_HOME: cache }, wholeOutput: true };
}

const WARNING = /^warn: glue: the component runs with jco's own glue, which is slower: .+_trampoline\d+$/m;

/** Lines in which a server complains. */
function complaints({ text }: ServeProcess): string[] {
  return text.stderr.split('\n').filter((line) => /^(warn|error)/.test(line));
}

test('a server runs with raw glue, with one warning, and sessions survive a kill', async () => {
  const options = environment();
  const store = ['--store', `sqlite:${join(temporaryFolder(), 'store.db')}`, '--workers', '2'];
  let session: string | undefined;
  // The second start takes it from the cache.
  for (const count of ['1', '2']) {
    const server = await serve(fixture('notes-draft'), store, options);
    session ??= await initialize(server.url);
    expect(await callTool(server.url, session, 'counter')).toBe(count);
    expect(complaints(server)).toEqual([expect.stringMatching(WARNING)]);
    await server.stop('SIGKILL');
  }
});

test('each request gets a guest in its initial state, and a bad request fails alone', async () => {
  const server = await serve(fixture('misbehave'), ['--store', 'memory:'], environment());
  const statuses: number[] = [];
  for (const path of ['/ok', '/trap', '/ok', '/use-after-drop', '/exit?code=3', '/ok']) {
    const response = await fetch(server.url + path);
    await response.arrayBuffer();
    statuses.push(response.status);
  }
  expect(statuses).toEqual([200, 500, 200, 500, 500, 200]);
});

test('a program runs with raw glue, with one warning', async () => {
  const { status, stdout, stderr } = await run(['run', fixture('command'), 'args', 'a', 'b'], environment());
  expect([status, stderr]).toEqual([
    0,
    expect.stringMatching(/^warning: the component runs with jco's own glue.+\n$/),
  ]);
  expect(stdout).toContain('b');
});
