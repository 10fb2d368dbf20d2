import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { ROOT } from './markdown.ts';

/** The environment of a reader: a folder with a component, the installed package, and a checkout. */
export interface Reader {
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  remove(): void;
}

/** Folders of the checkout that the commands use. */
const CHECKOUT = ['bin', 'fixtures', 'scripts'];

/** `port` replaces 8080 in commands, and is the default port of servers. */
export function createReader(port: number): Reader {
  const folder = mkdtempSync(join(tmpdir(), 'wasmcp-node-reader-'));
  for (const name of CHECKOUT) symlinkSync(join(ROOT, name), join(folder, name));
  // With the package's name, Node would resolve imports to the checkout instead of the package.
  const { type, scripts } = manifest;
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type, scripts }));
  copyFileSync(join(ROOT, 'fixtures/notes-draft.wasm'), join(folder, 'server.wasm'));
  install(join(folder, 'node_modules'));
  const commands = join(folder, 'node_modules/.bin');
  return {
    folder,
    env: {
      ...process.env,
      PATH: [commands, process.env.PATH].join(delimiter),
      // For `serve` without --addr; `exec` keeps picking a free port.
      READER_ADDR: `127.0.0.1:${port}`,
      NO_COLOR: '1',
      // Keeps npm's warnings about the machine's settings out of the output.
      npm_config_loglevel: 'error',
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Installs this repository's dependencies and the package itself, with entries that point to the sources. */
function install(packages: string): void {
  const installed = join(ROOT, 'node_modules');
  mkdirSync(join(packages, '.bin'), { recursive: true });
  const link = (name: string): void => symlinkSync(join(installed, name), join(packages, name));
  readdirSync(installed)
    .filter((name) => !name.startsWith('.'))
    .forEach(link);
  for (const name of readdirSync(join(installed, '.bin'))) link(join('.bin', name));
  writeFileSync(
    join(packages, '.bin/wasmcp-node'),
    `#!/bin/sh\nif [ "$1" = serve ]; then export WASMCP_NODE_ADDR="$READER_ADDR"; fi\nexec node '${ROOT}/bin/wasmcp-node.js' "$@"\n`,
    { mode: 0o755 },
  );
  installOurs(join(packages, manifest.name));
}

function installOurs(folder: string): void {
  mkdirSync(folder);
  const entries = Object.entries(manifest.exports).flatMap(([entry, files]) =>
    typeof files === 'string'
      ? []
      : [{ entry, name: entry.slice(2) || 'index', source: sourceOf(files.default) }],
  );
  for (const { name, source } of entries) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, `${name}.js`), `export * from '${source}';\n`);
    writeFileSync(join(folder, `${name}.d.ts`), `export * from '${source}';\n`);
  }
  const exports = Object.fromEntries(
    entries.map(({ entry, name }) => [entry, { types: `./${name}.d.ts`, default: `./${name}.js` }]),
  );
  const { name, version, type } = manifest;
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, version, type, exports }));
}

/** The source of a built file. */
export function sourceOf(built: string): string {
  return join(ROOT, built.replace('./dist/', '').replace(/\.js$/, '.ts'));
}

/** A free port outside the range that port 0 picks from. */
export async function findPort(): Promise<number> {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 8000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!free) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}
