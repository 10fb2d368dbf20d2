import type { GetManyShape } from '../../host/index.ts';
import type { MemoryBounds } from '../growth/bound.ts';
import type { MeterNames } from '../metering/names.ts';

/** One interface that a component imports. */
export interface ImportedInterface {
  /** Full name with its version, such as `wasi:io/poll@0.2.6`: the key that the glue looks up among the imports. */
  readonly name: string;
  /** WIT names of its functions, such as `poll` or `[method]pollable.block`; empty if it contains types only. */
  readonly functions: readonly string[];
  /** WIT names of the resources that it defines itself, without those that it uses from other interfaces. */
  readonly resources: readonly string[];
  /** Present if the interface has a `get-many`. */
  readonly getMany?: GetManyShape;
}

/** The JavaScript that joins a component's core modules to the host functions. */
export interface Glue {
  /** A script for `runGlue`: the code that runs is the text that was verified. */
  readonly script: string;
  /** See `compileScript`. */
  readonly code: Uint8Array;
  /** The file name in stack traces. */
  readonly name: string;
  /**
   * `lean` is jco's synchronous output, rewritten: faster, and able to suspend. `raw` is jco's own output for JSPI, with
   * counted patches: the fallback if the rewriting finds code that it does not know.
   */
  readonly kind: 'lean' | 'raw';
  /** Why this kind, human-readable. */
  readonly reason?: string;
}

/** A component that can be served. */
export interface Component {
  /** Shown in messages: the path, the URL, `stdin` or `bytes`. */
  readonly source: string;
  /** SHA-256 of the component's bytes, lower-case hexadecimal. */
  readonly digest: string;
  readonly imports: readonly ImportedInterface[];
  /** Full names of what it exports, such as `wasi:http/incoming-handler@0.2.6`. */
  readonly exports: readonly string[];
}

/** A checked, transpiled and compiled component. It can be sent to a worker by `postMessage` as it is. */
export interface LoadedComponent extends Component {
  /** Length of the component in bytes. */
  readonly size: number;
  /** The number of components nested in it. */
  readonly innerComponents: number;
  readonly glue: Glue;
  /** Core modules, by the name that the glue requests. */
  readonly modules: Readonly<Record<string, WebAssembly.Module>>;
  /**
   * Bytes to which each memory that a core module defines may grow, in their order, by the names of `modules`. Empty if its
   * instances cannot be restored.
   */
  readonly memoryLimits: Readonly<Record<string, readonly number[]>>;
  /** How much all memories and tables of one instance may take. */
  readonly memory: MemoryBounds;
  /** Why its instances cannot be restored, human-readable; absent if no reason is known. */
  readonly unrestorable?: string;
  /** The exports that metering has added to core modules, by the names of `modules`; absent for modules that are not metered. */
  readonly meters: Readonly<Record<string, MeterNames>>;
  /** Why some of its code is not counted, and cannot be interrupted, human-readable; absent if all of it is. */
  readonly unmetered?: string;
  /** A core module with types whose objects live on V8's heap, which no limit bounds; absent if there is none. */
  readonly managedModule?: string | undefined;
  /** The number of core modules nested in it. */
  readonly coreModules: number;
  /** False if this load had to transpile. */
  readonly fromCache: boolean;
  /** The cache folder, if it is not the user's default one. */
  readonly cacheFolder?: string;
  /** Why it could not be cached for the next start; absent if it was. */
  readonly cacheProblem?: string;
}

/** @throws TypeError for a component that is not from `loadComponent` */
export function assertLoaded(where: string, component: Component): asserts component is LoadedComponent {
  if ('modules' in component && 'glue' in component) return;
  throw new TypeError(`${where} takes a component from loadComponent`);
}

/** The name under which a component exports `wasi:keyvalue/watcher`, in one of its drafts. */
export function watcherOf(exports: readonly string[]): string | undefined {
  return exports.find((name) => name.startsWith('wasi:keyvalue/watcher@0.2.0-draft'));
}
