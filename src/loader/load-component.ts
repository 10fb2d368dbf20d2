import { hash } from 'node:crypto';
import { resolve } from 'node:path';
import { checkOptions, WasmcpError } from '../../host/index.ts';
import type { LoadedComponent } from '../component/component.ts';
import { type ComponentOutline, readComponent } from '../component/outline.ts';
import { boundModules } from '../growth/bound.ts';
import { memoryLimits } from '../growth/memory-limit.ts';
import { DEFAULTS } from '../options/defaults.ts';
import type { Transpiled } from '../transpile/transpile.ts';
import { transpilerVersion } from '../transpile/version.ts';
import { version } from '../version.ts';
import { openCache } from './cache.ts';
import type { CachedComponent } from './cache-entry.ts';
import { LOAD_CHECKS } from './load-checks.ts';
import type { LoadOptions } from './load-options.ts';
import { readSource } from './source.ts';

/**
 * Loads a component from a path, a `file:`, `http:` or `https:` URL, standard input (`-`), or bytes: checks it, transpiles it
 * or takes the result from the cache, and compiles its core modules.
 *
 * @throws WasmcpError `component-not-found`, `component-too-large`, `component-invalid`; `cache-unusable` only for a
 *   `cacheDir` that was given
 */
export async function loadComponent(
  source: string | URL | Uint8Array,
  options: LoadOptions = {},
): Promise<LoadedComponent> {
  checkOptions('loadComponent', options, LOAD_CHECKS);
  const { cacheDir, maxSize, allowWasmGc = false, progress } = options;
  progress?.('reading');
  const { name, bytes } = await readSource(source, maxSize);
  const digest = hash('sha256', bytes);

  const cache = openCache(cacheDir);
  const key = `${digest} ${cacheKeySuffix()}`;
  const cached = await cache.read(key);
  if (cached === undefined) progress?.('transpiling');
  const made = cached ?? (await make(bytes, name, allowWasmGc));
  if (!allowWasmGc) refuseManaged(made.outline, name);

  progress?.('compiling');
  const { modules: whole, bounds } = bounded(made, options, name);
  const compiling = compile(whole, name);
  const writing = cached === undefined ? cache.write(key, made) : undefined;
  // Whichever fails, nothing is still running when the load ends.
  await Promise.allSettled([compiling, writing]);
  const [modules, cacheProblem] = await Promise.all([compiling, writing]);
  const { kind, reason, unrestorable, meters, unmetered } = made;
  return {
    source: name,
    digest,
    size: bytes.length,
    ...made.outline,
    glue: { script: made.glue, name: `wasmcp-node:${digest.slice(0, 12)}/glue.js`, kind, reason },
    modules,
    memory: bounds,
    memoryLimits: unrestorable === undefined ? limitsOf(whole) : {},
    ...(unrestorable !== undefined && { unrestorable }),
    meters,
    ...(unmetered !== undefined && { unmetered }),
    fromCache: cached !== undefined,
    ...(cacheDir !== undefined && { cacheFolder: resolve(cacheDir) }),
    ...(cacheProblem !== undefined && { cacheProblem }),
  };
}

async function make(bytes: Uint8Array, source: string, allowWasmGc: boolean): Promise<CachedComponent> {
  // A start from the cache does not need it.
  const { startTranspiler } = await import('../transpile/transpile.ts');
  const transpiler = startTranspiler();
  try {
    const outline = readComponent(bytes, source);
    if (!allowWasmGc) refuseManaged(outline, source);
    return { outline, ...(await transpiler.transpile(bytes, source, outline.imports)) };
  } finally {
    transpiler.close();
  }
}

function refuseManaged({ managedModule }: ComponentOutline, source: string): void {
  if (managedModule === undefined) return;
  throw new WasmcpError(
    'component-invalid',
    `${source} is refused: ${managedModule} has struct or array types (WasmGC). Their objects live on V8's heap, where --max-memory does not limit them; --allow-wasm-gc runs it all the same.`,
  );
}

function bounded(
  { modules, unrestorable, uncounted, meters }: Transpiled,
  { maxMemory: limit = DEFAULTS.maxMemory, maxEachMemory: each = limit }: LoadOptions,
  source: string,
): ReturnType<typeof boundModules> {
  try {
    return boundModules(modules, { limit, each, prepared: unrestorable === undefined, uncounted, meters });
  } catch (error) {
    if (!(error instanceof WasmcpError)) throw error;
    throw new WasmcpError(error.code, `${source} does not fit: ${error.message}`, { cause: error });
  }
}

function limitsOf(modules: Transpiled['modules']): LoadedComponent['memoryLimits'] {
  return Object.fromEntries(modules.map(([name, bytes]) => [name, memoryLimits(bytes)]));
}

async function compile(
  modules: Transpiled['modules'],
  source: string,
): Promise<Record<string, WebAssembly.Module>> {
  const compiled = modules.map(async ([name, bytes]) => {
    try {
      return [name, await WebAssembly.compile(bytes as BufferSource)] as const;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new WasmcpError(
        'component-invalid',
        `${source} has a core module that this Node cannot compile: ${reason}`,
        { cause: error },
      );
    }
  });
  return Object.fromEntries(await Promise.all(compiled));
}

/** What the keys of the cache end with: a program with another transpiler makes something else of a component. */
export function cacheKeySuffix(): string {
  return `${transpilerVersion()} ${version}`;
}
