import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { WasmcpError } from '../../host/index.ts';
import type { ImportedInterface } from './component.ts';
import { buildGlue } from './glue/build.ts';
import { type NamedModule, openState } from './modules/open-state.ts';
import { glueName, patchGlue } from './patch.ts';
import { SUSPENDING_EXPORTS, suspendingFunctions, withoutVersion } from './suspending.ts';

/** A component as JavaScript and core modules. */
export interface Transpiled {
  /** Text of the glue, an ES module. */
  readonly glue: string;
  /** See `Glue` in component.ts. */
  readonly kind: 'lean' | 'raw';
  readonly reason: string;
  /** Why instances cannot be put back to where they started; undefined when the modules' state is exposed for that. */
  readonly unrestorable?: string | undefined;
  readonly modules: readonly NamedModule[];
}

const PACKAGE = '@bytecodealliance/jco-transpile';

/** Raise it when the same jco would give other output than before: entries in caches become stale. */
const REVISION = 3;

/** Changes whenever the same component would be transpiled to something else. */
export function transpilerVersion(): string {
  return `${generatorName()} revision ${REVISION}`;
}

/**
 * Transpiles a component with jco, once to make lean glue of it, and once more when that does not succeed. Takes
 * seconds for a large one, on this thread.
 *
 * @throws WasmcpError `component-invalid` when jco refuses it
 * @throws TypeError when jco's output is not what the patches were written for
 */
export async function transpile(
  bytes: Uint8Array,
  source: string,
  imports: readonly ImportedInterface[],
): Promise<Transpiled> {
  const suspending = imports.flatMap((imported) =>
    suspendingFunctions(imported).map((func) => [imported.name, func] as const),
  );
  const names = [...new Set(suspending.map(([name, func]) => `${withoutVersion(name)}#${func}`))];

  const synchronous = await generate(bytes, source, imports, {});
  const built = buildGlue(synchronous.glue, { suspending: names, exports: SUSPENDING_EXPORTS });
  if (built.kind === 'lean') {
    return {
      glue: built.source,
      kind: 'lean',
      reason: "jco's output without what synchronous components do not need",
      ...openState(synchronous.modules),
    };
  }

  const { glue, modules } = await generate(bytes, source, imports, {
    asyncMode: 'jspi',
    asyncImports: names,
    asyncExports: [...SUSPENDING_EXPORTS],
  });
  const expected = new Set(suspending.map(([name, func]) => glueName(name, func)));
  return {
    glue: patchGlue(glue, expected, generatorName()),
    kind: 'raw',
    reason: built.reason,
    unrestorable: 'its glue is raw',
    modules,
  };
}

async function generate(
  bytes: Uint8Array,
  source: string,
  imports: readonly ImportedInterface[],
  mode: object,
): Promise<{ glue: string; modules: NamedModule[] }> {
  // Loaded on demand: it takes longer than a whole start from the cache.
  const { transpileBytes } = await import('@bytecodealliance/jco-transpile');
  const { files } = await transpileBytes(bytes, {
    name: 'component',
    instantiation: 'sync',
    multiMemory: true,
    emitTypescriptDeclarations: false,
    // To itself: jco would strip the version, and both drafts of wasi:keyvalue become one.
    map: Object.fromEntries(imports.map(({ name }) => [name, name])),
    ...mode,
  }).catch((error: unknown) => {
    throw new WasmcpError('component-invalid', `${source} cannot be transpiled: ${reasonOf(error)}`, {
      cause: error,
    });
  });
  return {
    glue: new TextDecoder().decode(files['component.js']),
    modules: Object.entries(files).filter(([name]) => name.endsWith('.wasm')),
  };
}

function generatorName(): string {
  // Its package.json is not among its exports.
  const entry = createRequire(import.meta.url).resolve(PACKAGE);
  const manifest: unknown = JSON.parse(
    readFileSync(new URL('../package.json', pathToFileURL(entry)), 'utf8'),
  );
  return `${PACKAGE} ${(manifest as { version: string }).version}`;
}

/** jco's errors carry a Rust value; its first line is what people can read. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n', 1)[0] ?? message;
}
