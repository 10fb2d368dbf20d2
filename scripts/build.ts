import { execFileSync } from 'node:child_process';
import { copyFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, posix, relative } from 'node:path';
import { type Plugin, rolldown } from 'rolldown';
import manifest from '../package.json' with { type: 'json' };
import { jcoName } from '../src/transpile/jco-name.ts';

/** Makes `dist/`, what the package consists of: Node runs no TypeScript in `node_modules`. */

const ROOT = join(import.meta.dirname, '..');
const DIST = join(ROOT, 'dist');
const TRANSPILER = 'src/transpile/worker';

/** Files that the package, or a thread of its own, starts with. */
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
];

/** Those that programs import. */
const LIBRARY =
  /^(?:src\/(?:index|testing)|host\/public|host\/keyvalue\/(?:conformance\/conformance|imports\/\w+))\.js$/;

/** Each of those begins with what tells a Node that it is too old: its linking, or a module for it, would fail otherwise. */
const supportedNode: Plugin = {
  name: 'supported-node',
  renderChunk(code, { fileName }) {
    if (!LIBRARY.test(fileName)) return undefined;
    return `import './${posix.relative(posix.dirname(fileName), 'host/supported-node.js')}';\n${code}`;
  },
};

/** Parts of jco that transpiling never reaches: 100 MB of optimizers, and a second copy of its tools. */
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

/** What browsers get of WASI: what Node gets starts a thread for it from a file of its own, and jco needs none of it. */
const browserWasi: Plugin = {
  name: 'browser-wasi',
  resolveId(id) {
    const part = /^@bytecodealliance\/preview2-shim\/(\w+)$/.exec(id)?.[1];
    if (part === undefined) return undefined;
    const jco = createRequire(createRequire(import.meta.url).resolve('@bytecodealliance/jco-transpile'));
    return join(dirname(jco.resolve('@bytecodealliance/preview2-shim')), '../browser', `${part}.js`);
  },
};

/** jco has no package.json of its own in the package: what it is called is known now. */
const named: Plugin = {
  name: 'named',
  load(id) {
    if (!id.endsWith('/src/transpile/jco-name.ts')) return undefined;
    return `export const jcoName = () => ${JSON.stringify(jcoName())};`;
  },
};

/** What a file sees as its own URL: threads start with files beside it. In the package its code is in a file for many. */
const ownUrls: Plugin = {
  name: 'own-urls',
  transform(code, id) {
    const own = relative(ROOT, id).replaceAll('\\', '/').replace(/\.ts$/, '.js');
    return code.replaceAll('import.meta.url', `new URL('own:${own}', import.meta.url).href`);
  },
  renderChunk(code, { fileName }) {
    return code.replace(/\bown:([\w/.-]+)/g, (_, own) => posix.relative(posix.dirname(fileName), own));
  },
};

const COMMON = {
  cwd: ROOT,
  platform: 'node',
  // jco marks its files as components for other bundlers.
  checks: { moduleLevelDirective: false },
} as const;

async function compile(): Promise<void> {
  const bundle = await rolldown({
    ...COMMON,
    input: Object.fromEntries(ENTRIES.map((file) => [file.replace(/\.[jt]s$/, ''), file])),
    external: Object.keys(manifest.dependencies),
    plugins: [named, ownUrls, supportedNode],
  });
  // A start would spend most of its time on finding and reading files if it read each module from a file of its own.
  await bundle.write({
    dir: DIST,
    entryFileNames: '[name].js',
    chunkFileNames: 'shared/[name].js',
    minifyInternalExports: false,
    codeSplitting: {
      groups: [
        // What is loaded before Node keeps compiled code, and before the first thread starts.
        {
          name: 'first',
          test: /\/src\/(loader\/cache-folder|worker-environment|engine\/main\/prestarted-worker)\./,
          priority: 1,
        },
        { name: 'host', test: /\/host\//, minShareCount: 2 },
        {
          name: 'component',
          test: /\/src\/(loader|transpile|snapshot|component|growth|wasm)\//,
          minShareCount: 2,
        },
      ],
    },
  });
}

/** jco, with all that it needs, in one file beside its WebAssembly. */
async function bundleTranspiler(): Promise<void> {
  const bundle = await rolldown({
    ...COMMON,
    input: { [TRANSPILER]: `${TRANSPILER}.ts` },
    plugins: [withoutUnreached, browserWasi, named],
  });
  await bundle.write({ dir: DIST, entryFileNames: '[name].js', codeSplitting: false });
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
}

rmSync(DIST, { recursive: true, force: true });
await compile();
await bundleTranspiler();
execFileSync('tsc', ['--project', 'tsconfig.build.json'], { cwd: ROOT, stdio: 'inherit' });
