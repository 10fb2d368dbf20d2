import type { Glue } from '../component/component.ts';

/** The current stage of a load; only `transpiling` takes seconds. */
export type LoadStage = 'reading' | 'transpiling' | 'compiling';

export interface LoadOptions {
  /** Folder for transpiled components, created if missing; the user's cache folder by default. */
  readonly cacheDir?: string;
  /** Largest component, in bytes; 256 MiB by default. */
  readonly maxSize?: number;
  /** Bytes that all memories and tables of one instance may take together; 1 GiB by default. */
  readonly maxMemory?: number;
  /** Bytes to which each of its memories may grow, in steps of 64 KiB; `maxMemory` by default. */
  readonly maxEachMemory?: number;
  /** Run core modules with struct or array types: their objects live on V8's heap, outside of `maxMemory`. */
  readonly allowWasmGc?: boolean;
  /** Called as each stage begins. */
  readonly progress?: (stage: LoadStage) => void;
}

/** For the command. */
export interface LoadInternals {
  /** Called before core modules are compiled. */
  readonly compiles?: () => void;
  /** Called once, when other threads begin to transpile or to compile: this one waits for them. */
  readonly waiting?: () => void;
  /** Called with the component's glue before its core modules are compiled. */
  readonly glueMade?: (glue: Glue) => void;
  /**
   * Gets what will be `cacheProblem`, for which the load then does not wait. Not called if nothing is written to the user's own
   * cache folder.
   */
  readonly caching?: (problem: Promise<string | undefined>) => void;
}
