import { hash } from 'node:crypto';
import { resolve } from 'node:path';
import { checkOptions, type GetManyShape, WasmcpError } from '../../host/index.ts';
import { version } from '../version.ts';
import { type ComponentOutline, readComponent } from './binary/component.ts';
import { openCache } from './cache.ts';
import type { CachedComponent } from './cache-entry.ts';
import { LOAD_CHECKS } from './load-checks.ts';
import { boundModules, type MemoryBounds } from './modules/bound.ts';
import { memoryLimits } from './modules/cap.ts';
import { readSource } from './source.ts';
import type { Transpiled } from './transpile.ts';
import { transpilerVersion } from './transpiler-version.ts';

/** One interface that a component imports. */
export interface ImportedInterface {
  /** Full name with its version, such as `wasi:io/poll@0.2.6`: the key that the glue looks up among the imports. */
  readonly name: string;
  /** WIT names of its functions, such as `poll` or `[method]pollable.block`; empty when it carries types only. */
  readonly functions: readonly string[];
  /** WIT names of the resources it defines itself; those it takes from other interfaces are left out. */
  readonly resources: readonly string[];
  /** Present when the interface has a `get-many`. */
  readonly getMany?: GetManyShape;
}

/** The JavaScript that joins a component's core modules to the host functions. */
export interface Glue {
  /** A script for `runGlue`: the code that runs is the text that was verified. */
  readonly script: string;
  /** What stack traces show in place of a file. */
  readonly name: string;
  /**
   * `lean` is jco's synchronous output, rewritten: cheaper, and able to suspend. `raw` is jco's own output for JSPI, with
   * counted patches: the fallback when the rewriting met something that it does not know.
   */
  readonly kind: 'lean' | 'raw';
  /** Why this kind, for people. */
  readonly reason?: string;
}

/** A checked, transpiled and compiled component. Can be sent to a worker by `postMessage` as it is. */
export interface Component {
  /** What people read in messages: the path, the URL, `stdin` or `bytes`. */
  readonly source: string;
  /** SHA-256 of the component's bytes, lower-case hexadecimal. */
  readonly digest: string;
  /** Length of the component in bytes. */
  readonly size: number;
  readonly imports: readonly ImportedInterface[];
  /** Full names of what it exports, such as `wasi:http/incoming-handler@0.2.6`. */
  readonly exports: readonly string[];
  /** How many components are nested in it. */
  readonly innerComponents: number;
  readonly glue: Glue;
  /** Core modules by the name that the glue asks for. */
  readonly modules: Readonly<Record<string, WebAssembly.Module>>;
  /**
   * Bytes that each memory which a core module defines may grow to, in their order, by the names of `modules`. Empty when
   * its instances cannot be put back.
   */
  readonly memoryLimits: Readonly<Record<string, readonly number[]>>;
  /** How much all memories and tables of one instance may take. */
  readonly memory: MemoryBounds;
  /** Why its instances cannot be put back to where they started, for people; absent when they can, as far as is known. */
  readonly unrestorable?: string;
  /** How many core modules are nested in it. */
  readonly coreModules: number;
  /** False when this load had to transpile. */
  readonly fromCache: boolean;
  /** The folder that it is kept in for the next start, when that is not the user's. */
  readonly cacheFolder?: string;
  /** Why it could not be kept for the next start; absent when it was. */
  readonly cacheProblem?: string;
}

/** Bytes that all memories and tables of one instance may take. */
const MAX_MEMORY: number = 1024 ** 3;

/** What a load is busy with; only `transpiling` takes seconds. */
export type LoadStage = 'reading' | 'transpiling' | 'compiling';

export interface LoadOptions {
  /** Folder for transpiled components, created if missing; the user's cache folder by default. */
  readonly cacheDir?: string;
  /** Largest component, in bytes; 256 MiB by default. */
  readonly maxSize?: number;
  /** Bytes that all memories and tables of one instance may take together; 1 GiB by default. */
  readonly maxMemory?: number;
  /** Bytes that each of its memories may grow to, in steps of 64 KiB; `maxMemory` by default. */
  readonly maxEachMemory?: number;
  /** Run core modules with struct or array types: their objects live on V8's heap, outside of `maxMemory`. */
  readonly allowWasmGc?: boolean;
  /** Told as each stage begins. */
  readonly progress?: (stage: LoadStage) => void;
}

/**
 * Loads a component from a path, a `file:`, `http:` or `https:` URL, standard input (`-`), or bytes: checks it,
 * transpiles it or takes that from the cache, and compiles its core modules.
 *
 * @throws WasmcpError `component-not-found`, `component-too-large`, `component-invalid`; `cache-unusable` only for a
 *   `cacheDir` that was given
 */
export async function loadComponent(
  source: string | URL | Uint8Array,
  options: LoadOptions = {},
): Promise<Component> {
  checkOptions('loadComponent', options, LOAD_CHECKS);
  const { cacheDir, maxSize, allowWasmGc = false, progress } = options;
  progress?.('reading');
  const { name, bytes } = await readSource(source, maxSize);
  const digest = hash('sha256', bytes);

  const cache = openCache(cacheDir);
  const key = [digest, transpilerVersion(), version].join(' ');
  const cached = await cache.read(key);
  if (cached === undefined) progress?.('transpiling');
  const made = cached ?? (await make(bytes, name, allowWasmGc));
  if (!allowWasmGc) refuseManaged(made.outline, name);

  progress?.('compiling');
  const { modules: whole, bounds } = bounded(made, options, name);
  const compiling = compile(whole, name);
  const writing = cached === undefined ? cache.write(key, made) : undefined;
  // Whichever fails, nothing is under way when the load ends.
  await Promise.allSettled([compiling, writing]);
  const [modules, cacheProblem] = await Promise.all([compiling, writing]);
  const { kind, reason, unrestorable } = made;
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
    fromCache: cached !== undefined,
    ...(cacheDir !== undefined && { cacheFolder: resolve(cacheDir) }),
    ...(cacheProblem !== undefined && { cacheProblem }),
  };
}

async function make(bytes: Uint8Array, source: string, allowWasmGc: boolean): Promise<CachedComponent> {
  // A start from the cache does without it.
  const { startTranspiler } = await import('./transpile.ts');
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
  { modules, unrestorable, uncounted }: Transpiled,
  { maxMemory: limit = MAX_MEMORY, maxEachMemory: each = limit }: LoadOptions,
  source: string,
): ReturnType<typeof boundModules> {
  try {
    return boundModules(modules, { limit, each, opened: unrestorable === undefined, uncounted });
  } catch (error) {
    if (!(error instanceof WasmcpError)) throw error;
    throw new WasmcpError(error.code, `${source} does not fit: ${error.message}`, { cause: error });
  }
}

function limitsOf(modules: Transpiled['modules']): Component['memoryLimits'] {
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
