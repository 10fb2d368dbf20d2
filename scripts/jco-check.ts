import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readComponent } from '../src/component/outline.ts';
import { SUSPENDING_EXPORTS, suspendingFunctions, withoutVersion } from '../src/component/suspending.ts';
import { type JcoOptions, jcoOptions } from '../src/transpile/jco-options.ts';
import { buildGlue } from '../src/transpile/lean/build.ts';
import { stubModules } from '../src/transpile/stub-modules.ts';

/** `npm run jco:check VERSION`: checks whether lean glue can be built from that jco's output, see docs/new-jco.md. */

const PACKAGE = '@bytecodealliance/jco-transpile';
const FIXTURES = join(import.meta.dirname, '../fixtures');

/** Lines shown before and after a mismatch. */
const CONTEXT = 6;

export type Transpile = (
  bytes: Uint8Array,
  options: JcoOptions,
) => Promise<{ readonly files: Readonly<Record<string, Uint8Array>> }>;

/** The result for one component: `lean`, or the first mismatch with its surroundings. */
export async function checkComponent(transpile: Transpile, bytes: Uint8Array): Promise<string> {
  const { imports } = readComponent(bytes, 'it');
  const { files } = await transpile(stubModules(bytes).bytes, jcoOptions(imports));
  const glue = new TextDecoder().decode(files['component.js']);
  const suspending = imports.flatMap((imported) =>
    suspendingFunctions(imported).map((func) => `${withoutVersion(imported.name)}#${func}`),
  );
  const built = buildGlue(glue, { suspending, exports: SUSPENDING_EXPORTS });
  return built.kind === 'lean' ? 'lean' : [built.reason, ...surroundings(glue, built)].join('\n');
}

/** The lines around the unexpected text; if it is unknown, around the first name of the glue that the reason mentions. */
function surroundings(
  glue: string,
  { reason, near }: { reason: string; near?: string | undefined },
): string[] {
  const names = reason.match(/[$_]?[A-Za-z]\w*/g) ?? [];
  const mentioned = names.filter((name) => /\d$|^_|[a-z][A-Z]/.test(name) && glue.includes(name));
  const at = glue.indexOf(near ?? mentioned[0] ?? glue);
  if (at <= 0) return [];
  const lines = glue.split('\n');
  const line = glue.slice(0, at).split('\n').length - 1;
  const from = Math.max(0, line - CONTEXT);
  return lines
    .slice(from, line + CONTEXT + 1)
    .map((text, index) => `${from + index === line ? '>' : ' '} ${from + index + 1} | ${text.slice(0, 160)}`);
}

async function install(version: string, folder: string): Promise<Transpile> {
  const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefix', folder];
  execFileSync('npm', ['install', ...options, `${PACKAGE}@${version}`], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const entry = createRequire(join(folder, 'index.js')).resolve(PACKAGE);
  const { transpileBytes }: { transpileBytes: Transpile } = await import(pathToFileURL(entry).href);
  return transpileBytes;
}

async function main(version: string | undefined): Promise<number> {
  if (version === undefined) {
    console.error('which version? npm run jco:check 0.15.0');
    return 2;
  }
  const folder = mkdtempSync(join(tmpdir(), 'jco-check-'));
  try {
    const transpile = await install(version, folder);
    let failed = 0;
    for (const name of readdirSync(FIXTURES).filter((file) => file.endsWith('.wasm'))) {
      const outcome = await checkComponent(transpile, readFileSync(join(FIXTURES, name)));
      if (outcome !== 'lean') failed += 1;
      console.log(`${name}: ${outcome}`);
    }
    return failed === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) process.exitCode = await main(process.argv[2]);
