import { execFileSync } from 'node:child_process';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, posix, relative } from 'node:path';
import { type OutputChunk, type Plugin, rolldown } from 'rolldown';
import manifest from '../package.json' with { type: 'json' };
import { jcoName } from '../src/transpile/jco-name.ts';
import { buildPage } from './build-page.ts';
import { lazyBuiltins, licensesOf, withoutFacades, withoutPrograms } from './package-chunks.ts';

/** Builds `dist/`, the content of the package: Node does not run TypeScript in `node_modules`. */

const ROOT = join(import.meta.dirname, '..');
const DIST = join(ROOT, 'dist');
const TRANSPILER = 'src/transpile/worker';

/** Entry points of the package and of its threads. */
const ENTRIES = [
  'bin/wasmcp-node.js',
  'src/index.ts',
  'src/testing.ts',
  'host/supported-node.ts',
  'host/public.ts',
  'host/keyvalue/conformance/conformance.ts',
  'host/keyvalue/imports/imports.ts',
  'host/keyvalue/imports/draft.ts',
  'host/keyvalue/imports/draft2.ts',
  'src/engine/worker/main.ts',
  'src/engine/run/worker.ts',
  'host/keyvalue/sqlite/checkpoint-worker.ts',
  'host/keyvalue/sqlite/maintenance-worker.ts',
  'src/mcp/sessions/purge-worker.ts',
  'src/server/admin/api/store-worker.ts',
];

/** Entry points that programs import. */
const LIBRARY =
  /^(?:src\/(?:index|testing)|host\/public|host\/keyvalue\/(?:conformance\/conformance|imports\/\w+))\.js$/;

/** What an older Node also runs, to report that it is too old. */
const OLD_NODE = new RegExp(`^bin/|${LIBRARY.source}`);

/** Each of these first checks for a Node that is too old, which would otherwise fail to link it, or lack a module. */
const supportedNode: Plugin = {
  name: 'supported-node',
  renderChunk(code, { fileName }) {
    if (!LIBRARY.test(fileName)) return undefined;
    return `import './${posix.relative(posix.dirname(fileName), 'host/supported-node.js')}';\n${code}`;
  },
};

/** Parts of jco that transpiling never uses: 100 MB of optimizers, and a second copy of its tools. */
const UNREACHED = /^oxc-minify$|^\.\.\/vendor\/wasm-tools\.js$/;

const withoutUnreached: Plugin = {
  name: 'without-unreached',
  resolveId: (id) => (UNREACHED.test(id) ? '\0unreached' : undefined),
  load(id) {
    if (id !== '\0unreached') return undefined;
    return `
      const absent = () => { throw new TypeError('this part of jco is not in the package'); };
      export { absent as minify, absent as $init };
      export const tools = new Proxy({}, { get: () => absent });`;
  },
};

/** The WASI shim for browsers: the one for Node starts a thread from a separate file, and jco does not need that. */
const browserWasi: Plugin = {
  name: 'browser-wasi',
  resolveId(id) {
    const part = /^@bytecodealliance\/preview2-shim\/(\w+)$/.exec(id)?.[1];
    if (part === undefined) return undefined;
    const jco = createRequire(createRequire(import.meta.url).resolve('@bytecodealliance/jco-transpile'));
    return join(dirname(jco.resolve('@bytecodealliance/preview2-shim')), '../browser', `${part}.js`);
  },
};

/** In the package jco has no package.json, so its name and version are inserted at build time. */
const named: Plugin = {
  name: 'named',
  load(id) {
    if (!id.endsWith('/src/transpile/jco-name.ts')) return undefined;
    return `export const jcoName = () => ${JSON.stringify(jcoName())};`;
  },
};

/** A file's own URL, beside which are the files of threads. In the package, its code is bundled with that of other files. */
const ownUrls: Plugin = {
  name: 'own-urls',
  transform(code, id) {
    // The bundler's own code is in no file.
    if (id.startsWith('\0')) return undefined;
    const own = relative(ROOT, id).replaceAll('\\', '/').replace(/\.ts$/, '.js');
    return code.replaceAll('import.meta.url', `new URL('own:${own}', import.meta.url).href`);
  },
  renderChunk(code, { fileName }) {
    return code.replace(/\bown:([\w/.-]+)/g, (_, own) => posix.relative(posix.dirname(fileName), own));
  },
};

/** What the command line is read with: commands without a server load it, too. */
const OPTIONS =
  /\/src\/(?:options|server\/access-policy|mcp\/defaults|commands\/(?:print|progress)|process\/memory\/limit)[/.]/;

const COMMON = {
  cwd: ROOT,
  platform: 'node',
  // jco marks its files as components for other bundlers.
  checks: { moduleLevelDirective: false },
} as const;

async function compile(): Promise<readonly OutputChunk[]> {
  const bundle = await rolldown({
    ...COMMON,
    input: Object.fromEntries(ENTRIES.map((file) => [file.replace(/\.[jt]s$/, ''), file])),
    external: Object.keys(manifest.dependencies),
    plugins: [named, ownUrls, withoutPrograms, lazyBuiltins(OLD_NODE), supportedNode, withoutFacades],
  });
  // With one file for each module, a start would spend most of its time finding and reading files.
  const { output } = await bundle.write({
    dir: DIST,
    entryFileNames: '[name].js',
    chunkFileNames: 'shared/[name].js',
    minifyInternalExports: false,
    codeSplitting: {
      // What a group's modules import goes with them, unless an earlier group takes it.
      groups: [
        // Code that is loaded before the compile cache is enabled and the first thread starts.
        {
          name: 'first',
          test: /\/(?:bin\/(?:allocator|compile-cache)|src\/(?:start|loader\/cache-folder|transpile\/jco-thread|process\/tier-up|worker-environment|engine\/main\/prestarted-worker))\./,
        },
        // Except modules that open a store on import, because every import of this file would open it.
        {
          name: 'host',
          test: /\/host\/(?!keyvalue\/(?:imports|sqlite|postgres|redis|network)\/)/,
          minShareCount: 2,
        },
        // Stores are loaded when they are used.
        { name: 'sqlite', test: /\/host\/keyvalue\/sqlite\/(?!driver\.)/, minShareCount: 2 },
        { name: 'engine', test: /\/src\/(?:engine\/(?:protocol\/|main\/watch)|process\/)/, minShareCount: 2 },
        {
          name: 'component',
          test: /\/src\/(?:loader|transpile|growth|wasm|component(?!\/glue))\//,
          minShareCount: 2,
        },
        { name: 'options', test: OPTIONS, minShareCount: 2 },
        // What runs guests: the thread that serves does not.
        {
          name: 'guests',
          test: /\/src\/(?:snapshot|metering|component\/glue|engine\/worker)/,
          minShareCount: 2,
        },
        { name: 'server', test: /\/src\/(?:server|mcp|engine|http|commands)\//, minShareCount: 2 },
        // Parts of MCP that some clients use: each is loaded with its first use, and the others with it.
        {
          name: 'mcp',
          test: /\/src\/mcp\/(?:legacy-clients\/edge|modern\/(?:tasks\/(?:tasks|requests)|mrtr\/inputs)|stdio\/modern-client)\./,
        },
      ].map((group, index) => ({ ...group, priority: 10 - index })),
    },
  });
  return output.filter((file) => file.type === 'chunk');
}

/** jco with its dependencies, in one file beside its WebAssembly. */
async function bundleTranspiler(): Promise<readonly OutputChunk[]> {
  const bundle = await rolldown({
    ...COMMON,
    input: { [TRANSPILER]: `${TRANSPILER}.ts` },
    plugins: [withoutUnreached, browserWasi, named],
  });
  const { output } = await bundle.write({ dir: DIST, entryFileNames: '[name].js', codeSplitting: false });
  const vendor = join(
    dirname(createRequire(import.meta.url).resolve('@bytecodealliance/jco-transpile')),
    '../vendor',
  );
  for (const file of [
    'js-component-bindgen-component.core.wasm',
    'js-component-bindgen-component.core2.wasm',
  ]) {
    copyFileSync(join(vendor, file), join(DIST, dirname(TRANSPILER), basename(file)));
  }
  return output.filter((file) => file.type === 'chunk');
}

rmSync(DIST, { recursive: true, force: true });
const licenses = licensesOf([...(await compile()), ...(await bundleTranspiler())]);
writeFileSync(
  join(DIST, 'LICENSES.txt'),
  [...licenses].map(([name, license]) => `${name}\n\n${license}\n`).join('\n\n'),
);
await buildPage(join(DIST, 'page'));
execFileSync('tsc', ['--project', 'tsconfig.build.json'], { cwd: ROOT, stdio: 'inherit' });
