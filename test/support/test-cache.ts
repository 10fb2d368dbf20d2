import { hash } from 'node:crypto';
import { globSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const ROOT: string = join(import.meta.dirname, '../..');
const FOLDER: string = join(ROOT, 'node_modules/.cache/wasmcp-node-tests');

/** The files that the output of transpiling depends on. */
const SOURCES = 'src/{wasm,component,growth,metering,snapshot,transpile,loader}/**';

/** The environment that gives tests, and the programs and threads that they start, caches of their own. */
export function testCaches(): Record<string, string> {
  return { XDG_CACHE_HOME: componentCache(), NODE_COMPILE_CACHE: join(FOLDER, 'code') };
}

/**
 * Components are transpiled once, and again whenever the code that does it has changed, whether or not its revision was raised.
 * The user's own cache is not used.
 */
function componentCache(): string {
  const files = globSync(['package-lock.json', SOURCES], { cwd: ROOT, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const name = hash('sha256', files.map((file) => hash('sha256', readFileSync(file))).join()).slice(0, 16);
  mkdirSync(join(FOLDER, name), { recursive: true, mode: 0o700 });
  for (const other of readdirSync(FOLDER)) {
    if (other !== name && other !== 'code') rmSync(join(FOLDER, other), { recursive: true, force: true });
  }
  return join(FOLDER, name);
}
