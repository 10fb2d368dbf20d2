import { hash } from 'node:crypto';
import { resolve } from 'node:path';
import { checkOptions, WasmcpError } from '../../host/index.ts';
import type { Glue, LoadedComponent } from '../component/component.ts';
import type { ComponentOutline } from '../component/outline.ts';
import { memoryLimits } from '../growth/memory-limit.ts';
import type { Transpiled } from '../transpile/transpile.ts';
import { transpilerVersion } from '../transpile/version.ts';
import { version } from '../version.ts';
import { openCache } from './cache.ts';
import type { CachedComponent } from './cache-entry.ts';
import { type Compiler, createCompiler } from './compiler.ts';
import { LOAD_CHECKS } from './load-checks.ts';
import type { LoadInternals, LoadOptions } from './load-options.ts';
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
  { caching, compiles, glueMade, waiting }: LoadInternals = {},
): Promise<LoadedComponent> {
  checkOptions('loadComponent', options, LOAD_CHECKS);
  const { cacheDir, maxSize, allowWasmGc = false, progress } = options;
  progress?.('reading');
  const { name, bytes } = await readSource(source, maxSize);
  const digest = hash('sha256', bytes);

  const cache = openCache(cacheDir);
  const key = `${digest} ${cacheKeySuffix()}`;
  const cached = await cache.read(key);
  if (cached === undefined) {
    progress?.('transpiling');
    waiting?.();
  }
  const compiler = createCompiler(name, options, compiles);
  const made = cached ?? (await make({ bytes, name, allowWasmGc }, compiler));
  if (!allowWasmGc) refuseManaged(made.outline, name);
  const { code, kind, reason, unrestorable, meters, unmetered } = made;
  const glue: Glue = {
    script: made.glue,
    code,
    name: `wasmcp-node:${digest.slice(0, 12)}/glue.js`,
    kind,
    reason,
  };
  glueMade?.(glue);

  progress?.('compiling');
  const { bounded, bounds, compiling } = compiler.compile(made, cached !== undefined);
  if (cached !== undefined) waiting?.();
  const memories = unrestorable === undefined ? limitsOf(bounded) : {};
  const writing = cached === undefined ? cache.write(key, made) : undefined;
  const awaited = caching === undefined || cacheDir !== undefined ? writing : undefined;
  // Whichever fails, nothing that the caller does not know of is still running when the load ends.
  await Promise.allSettled([compiling, awaited]);
  const [modules, cacheProblem] = await Promise.all([compiling, awaited]);
  if (writing !== undefined && awaited === undefined) caching?.(writing);
  return {
    source: name,
    digest,
    size: bytes.length,
    ...made.outline,
    glue,
    modules,
    memory: bounds,
    memoryLimits: memories,
    ...(unrestorable !== undefined && { unrestorable }),
    meters,
    ...(unmetered !== undefined && { unmetered }),
    fromCache: cached !== undefined,
    ...(cacheDir !== undefined && { cacheFolder: resolve(cacheDir) }),
    ...(cacheProblem !== undefined && { cacheProblem }),
  };
}

async function make(
  { bytes, name, allowWasmGc }: { bytes: Uint8Array; name: string; allowWasmGc: boolean },
  compiler: Compiler,
): Promise<CachedComponent> {
  // A start from the cache does not need it.
  const { startTranspiler } = await import('../transpile/transpile.ts');
  const transpiler = startTranspiler(bytes, name);
  try {
    const outline = transpiler.outline();
    if (!allowWasmGc) refuseManaged(outline, name);
    return { outline, ...(await transpiler.transpile(outline, compiler.expect)) };
  } catch (error) {
    await compiler.settled();
    throw error;
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

function limitsOf(modules: Transpiled['modules']): LoadedComponent['memoryLimits'] {
  return Object.fromEntries(modules.map(([name, bytes]) => [name, memoryLimits(bytes)]));
}

/** What the keys of the cache end with: a program with another transpiler makes something else of a component. */
export function cacheKeySuffix(): string {
  return `${transpilerVersion()} ${version}`;
}
