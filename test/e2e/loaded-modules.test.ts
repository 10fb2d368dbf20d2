import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { fixture, serve, temporaryFolder } from '../support/command.ts';

const ROOT = pathToFileURL(join(import.meta.dirname, '../../')).href;
const HOOK = pathToFileURL(join(import.meta.dirname, '../support/list-modules.mjs')).href;

/** Which modules each thread of `serve` had loaded when it reported its address. */
async function loadedBeforeBanner(...options: string[]): Promise<Record<'main' | 'worker', string[]>> {
  const home = temporaryFolder();
  const guest = fixture('notes-draft');
  const args = ['--workers', '1', '--store', `sqlite:${home}/store.db`, ...options];
  // The first start transpiles the component.
  await (await serve(guest, args, { env: { XDG_CACHE_HOME: home } })).stop();
  const env = { XDG_CACHE_HOME: home, NODE_OPTIONS: `--import=${HOOK}` };
  const { stderr } = await (await serve(guest, args, { env })).stop();
  const before = stderr.slice(0, stderr.indexOf('Serving HTTP on'));
  const of = (thread: string): string[] =>
    [...before.matchAll(new RegExp(`^loads ${thread} ${ROOT}(.*)$`, 'gm'))].map(([, path = '']) => path);
  return { main: of('main'), worker: of('worker') };
}

/** What a start from the cache, without options, may never need: it is loaded when it is used. */
const UNUSED: readonly RegExp[] = [
  /^src\/transpile\/(?!(version|jco-name|jco-thread|prestarted-transpiler)\.)/,
  /^src\/component\/outline\./,
  /^src\/server\/admin\//,
  /^src\/commands\/logging\/pino\./,
  /^src\/mcp\/stdio\//,
  /^src\/engine\/run\//,
  /^host\/keyvalue\/(postgres|redis)\/(?!driver\.)/,
  /^node_modules\/(?!better-sqlite3\/|commander\/)/,
];

/** What only a thread that runs guests needs. */
const GUESTS = /^src\/(snapshot|metering|engine\/worker|component\/glue-runtime)\//;

/** What only the thread that serves needs. */
const SERVING = /^(src\/(server|mcp|options|commands|loader|transpile)|node_modules\/commander)\//;

/** The path of MCP requests, whose code is loaded while the worker starts. */
const MCP = /^src\/mcp\/(edge|modern|sessions|oauth)\/(?!(session-queue|session-turns|layout|settings)\.)/;

const matching = (paths: readonly string[], ...patterns: readonly RegExp[]): string[] =>
  paths.filter((path) => patterns.some((pattern) => pattern.test(path)));

test('a start from the cache loads nothing that it may never need', async () => {
  const { main, worker } = await loadedBeforeBanner('--mcp', 'guide');
  expect(matching(main, ...UNUSED, GUESTS)).toEqual([]);
  expect(matching(worker, ...UNUSED, SERVING)).toEqual([]);
  expect(main).toContain('src/server/server.ts');
  expect(worker).toContain('src/engine/worker/main.ts');
  // Before the first request: a file that cannot be opened then would fail it.
  expect(matching(main, MCP)).toContain('src/mcp/modern/edge.ts');
});

test('without MCP, its code is not loaded', async () => {
  const { main } = await loadedBeforeBanner('--mcp', 'off');
  expect(main).toContain('src/mcp/mcp.ts');
  expect(matching(main, MCP)).toEqual([]);
});
