import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const PACKAGE = '@bytecodealliance/jco-transpile';

/** The name and version of the installed jco. */
export function jcoName(): string {
  // Its package.json is not among its exports.
  const entry = createRequire(import.meta.url).resolve(PACKAGE);
  const manifest: unknown = JSON.parse(
    readFileSync(new URL('../package.json', pathToFileURL(entry)), 'utf8'),
  );
  return `${PACKAGE} ${(manifest as { version: string }).version}`;
}
