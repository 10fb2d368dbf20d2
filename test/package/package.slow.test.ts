import { copyFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { fixture } from '../support/command.ts';
import { INITIALIZE, SCRIPT } from './program.ts';
import { createProject, type Outcome, type Project, pack } from './project.ts';

const ROOT = join(import.meta.dirname, '../..');
const MEGABYTE = 1024 ** 2;

let project: Project;
let tarball: string;

beforeAll(async () => {
  project = createProject();
  tarball = await pack(project);
  const { status, stderr } = await project.npm('install', tarball);
  if (status !== 0) throw new Error(`npm install: ${stderr}`);
  copyFileSync(fixture('notes-draft'), join(project.folder, 'server.wasm'));
}, 300_000);

afterAll(() => project.remove());

test('contains only what is needed to run', async () => {
  const { stdout } = await project.run('tar', ['-tzf', tarball]);
  const kinds = stdout
    .trim()
    .split('\n')
    .map((path) =>
      path
        .replace(/^package\/dist\/(?:bin|src|host|shared)\/.*(\.d\.ts|\.core2?\.wasm|\.js)$/, 'dist $1')
        .replace(/^package\/dist\/page\/assets\/[\w-]+(\.\w+)$/, 'page $1'),
    );
  expect([...new Set(kinds)].sort()).toEqual([
    'dist .core.wasm',
    'dist .core2.wasm',
    'dist .d.ts',
    'dist .js',
    'package/LICENSE',
    'package/README.md',
    'package/dist/LICENSES.txt',
    'package/dist/page/LICENSES.txt',
    'package/dist/page/index.html',
    'package/package.json',
    'page .css',
    'page .js',
    'page .svg',
  ]);
});

test('passes the checks of publint', async () => {
  const bytes = readFileSync(tarball);
  const { messages } = await publint({ pack: { tarball: new Uint8Array(bytes).buffer }, strict: true });
  expect(messages).toEqual([]);
});

test('its types resolve, and are right, wherever ES modules can be imported', async () => {
  const analysis = await checkPackage(createPackageFromTarballData(readFileSync(tarball)));
  const problems = analysis.types === false ? ['there are none'] : analysis.problems;
  // `import()` is how CommonJS gets at it; `node10` knows no `exports` of a package.
  expect(
    problems.filter(
      (problem) =>
        typeof problem === 'string' ||
        !('resolutionKind' in problem) ||
        (problem.resolutionKind !== 'node10' && problem.kind !== 'CJSResolvesToESM'),
    ),
  ).toEqual([]);
}, 60_000);

test('consists of few files, because finding hundreds would take most of a start', async () => {
  const { stdout } = await project.run('tar', ['-tzf', tarball]);
  // What only programs import is not read by a start.
  const entries = new Set(
    Object.values(manifest.exports).map((entry) => (typeof entry === 'string' ? entry : entry.default)),
  );
  const read = stdout
    .split('\n')
    .filter(
      (path) => /^package\/dist\/(?!page\/).*\.js$/.test(path) && !entries.has(path.replace(/^package/, '.')),
    );
  expect(read.length).toBeGreaterThan(5);
  // Two thirds of them belong to one command, one kind of store, or a part of MCP that only some clients use.
  expect(read.length).toBeLessThan(60);
});

test('a command loads none of Node’s modules only because another one names it', async () => {
  project.write('loaded.mjs', "process.on('exit', () => console.error(process.moduleLoadList.join()))");
  const env = { NODE_OPTIONS: `--import=${pathToFileURL(join(project.folder, 'loaded.mjs')).href}` };
  const { status, stderr } = await project.run('wasmcp-node', ['inspect', 'server.wasm'], env);
  expect(status).toBe(0);
  expect(stderr).toContain('NativeModule fs,');
  // An `import` of `node:util` evaluates its exports, and commander imports `node:child_process`.
  expect(stderr).not.toContain('NativeModule internal/util/parse_args/parse_args');
  expect(stderr).not.toContain('NativeModule child_process');
});

test('names the licenses of the code that was built into it', () => {
  const licenses = readFileSync(
    join(project.folder, 'node_modules', manifest.name, 'dist/LICENSES.txt'),
    'utf8',
  );
  for (const name of ['commander', '@bytecodealliance/jco-transpile']) {
    expect(licenses).toMatch(new RegExp(`^${name}\n\n.*(?:MIT|Apache)`, 'ms'));
  }
});

test('an installation is 50 MB and 60 packages at most', async () => {
  const { stdout: size } = await project.run('du', ['-sb', 'node_modules']);
  const { stdout: list } = await project.npm('ls', '--all', '--parseable');
  const packages = list.trim().split('\n').length - 1;
  console.log(`installed: ${Math.round(Number.parseInt(size, 10) / MEGABYTE)} MB, ${packages} packages`);
  expect(Number.parseInt(size, 10)).toBeLessThan(50 * MEGABYTE);
  expect(packages).toBeGreaterThan(1);
  expect(packages).toBeLessThanOrEqual(60);
});

/** What has to work with a version of Node that is found on the PATH before all others. */
async function works(env: Record<string, string> = {}): Promise<void> {
  const run = (...args: string[]): Promise<Outcome> => project.run('npx', ['wasmcp-node', ...args], env);
  project.write('use.js', SCRIPT);
  expect(await project.run('node', ['use.js'], env)).toMatchObject({
    status: 0,
    stdout: '200 true\ntrue\nfunction lean 503\n',
  });
  const asks = `fetch(process.env.WASMCP_URL + '/mcp', { method: 'POST', body: ${JSON.stringify(INITIALIZE)}, headers:
    { 'content-type': 'application/json', accept: 'application/json, text/event-stream' } })
    .then((answer) => answer.text()).then((text) => process.exit(text.includes('serverInfo') ? 5 : 6))`;
  expect((await run('exec', 'server.wasm', '--', 'node', '-e', asks)).status).toBe(5);
  expect(await run('inspect', 'server.wasm')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('wasi:keyvalue'),
  });
}

test('neither a command nor the library opens a store that was not requested', async () => {
  const folder = join(project.folder, '.wasmcp');
  rmSync(folder, { recursive: true, force: true });
  expect(await project.run('npx', ['wasmcp-node', 'inspect', 'server.wasm'])).toMatchObject({ status: 0 });
  const imports =
    "await import('wasmcp-node'); await import('wasmcp-node/host'); await import('wasmcp-node/keyvalue')";
  expect(await project.run('node', ['--input-type=module', '-e', imports])).toMatchObject({ status: 0 });
  expect(existsSync(folder)).toBe(false);
});

test('the command and the library run after an installation', async () => {
  await works();
}, 60_000);

test('the files of worker threads are found after an installation', async () => {
  copyFileSync(fixture('command'), join(project.folder, 'command.wasm'));
  expect(await project.run('wasmcp-node', ['run', 'command.wasm', 'args', 'a'])).toEqual({
    status: 0,
    stdout: 'command.wasm\nargs\na\n',
    stderr: '',
  });
  const store = ['--store', 'sqlite:threads.db'];
  await project.run('wasmcp-node', ['exec', 'server.wasm', ...store, '--', 'true']);
  expect(await project.run('wasmcp-node', ['store', 'check', ...store])).toEqual({
    status: 0,
    stdout: 'ok\n',
    stderr: '',
  });
}, 60_000);

test('the page of the admin address is there after an installation', async () => {
  const look = `
    const { spawn } = require('node:child_process');
    const args = ['node_modules/.bin/wasmcp-node', 'serve', 'server.wasm', '--store', 'memory:', '--addr', '127.0.0.1:0', '--admin-addr', '127.0.0.1:0'];
    const server = spawn(process.execPath, args);
    server.stderr.on('data', async (text) => {
      const url = /metrics on (\\S+)/.exec(text)?.[1];
      if (url === undefined) return;
      const page = await (await fetch(url)).text();
      const script = /src="([^"]+)"/.exec(page)[1];
      console.log((await fetch(new URL(script, url))).status, page.includes('<div id="app">'));
      server.kill();
    });`;
  expect(await project.run('node', ['-e', look])).toMatchObject({ status: 0, stdout: '200 true\n' });
}, 60_000);

test('its types compile in strict projects', async () => {
  project.write(
    'use.ts',
    `import { createServer, loadComponent, type Server, type Store } from 'wasmcp-node';
     import { checked, createHost, Guest, type GuestIo, type Host, openStore } from 'wasmcp-node/host';
     import { type TestServer, serveForTest } from 'wasmcp-node/testing';
     import { storeConformance } from 'wasmcp-node/conformance';
     const server: Server = createServer(await loadComponent('server.wasm'), { durability: 'strict' });
     const status: number = (await server.fetch(new Request('http://localhost/'))).status;
     const test: TestServer = await serveForTest('server.wasm');
     const store: Store = test.store;
     storeConformance(() => store);
     const host: Host = createHost({ store: checked(await openStore('memory:')) });
     const bind = (io: GuestIo) => host.bind(new Guest(), io);
     // @ts-expect-error: no such durability
     createServer(await loadComponent('server.wasm'), { durability: 'none' });
     export { bind, status };`,
  );
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--types', 'node'];
  const roots = ['--typeRoots', join(ROOT, 'node_modules/@types'), '--skipLibCheck', 'false'];
  const lib = ['--lib', 'es2024,esnext.disposable,dom'];
  const { stdout } = await project.run(join(ROOT, 'node_modules/.bin/tsc'), [
    ...options,
    ...lib,
    ...roots,
    'use.ts',
  ]);
  expect(stdout).toBe('');
});

// They are downloaded: npm run test:all
describe.skipIf(process.env.NODE_VERSIONS === undefined)('with other versions of Node', () => {
  test.each(process.env.NODE_VERSIONS?.split(' ') ?? [])(
    '%s runs it, or is refused with one line',
    async (version) => {
      const other = createProject();
      try {
        expect(await other.npm('install', `node@${version}`)).toMatchObject({ status: 0 });
        const PATH = `${join(other.folder, 'node_modules/node/bin')}:${process.env.PATH}`;
        if (Number.parseInt(version, 10) >= 24) return await works({ PATH });
        expect(
          await project.run('node_modules/.bin/wasmcp-node', ['serve', 'server.wasm'], { PATH }),
        ).toMatchObject({
          status: 1,
          stderr: expect.stringMatching(
            /^error: wasmcp-node needs Node 24.20 or newer .*; this is Node .*\n$/,
          ),
        });
        for (const entry of Object.keys(manifest.exports).filter((name) => name !== './package.json')) {
          const program = `import '${entry.replace('.', 'wasmcp-node')}';`;
          const imported = await project.run('node', ['--input-type=module', '--eval', program], { PATH });
          expect(imported.status, entry).toBe(1);
          expect(imported.stderr, entry).toContain(
            'Error: wasmcp-node needs Node 24 or newer; this is Node ',
          );
          expect(imported.stderr, entry).not.toContain('    at ');
        }
        const here = await project.run('node', [join(ROOT, 'bin/wasmcp-node.js'), 'serve'], { PATH });
        const brought = join(ROOT, 'node_modules/node/bin/node');
        expect(here).toMatchObject({
          status: 1,
          stderr: expect.stringContaining(`; start it with ${brought}\n`),
        });
      } finally {
        other.remove();
      }
    },
    300_000,
  );
});
