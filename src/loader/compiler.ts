import { WasmcpError } from '../../host/index.ts';
import { boundModules, type MemoryBounds } from '../growth/bound.ts';
import { DEFAULTS } from '../options/defaults.ts';
import type { PreparedModules } from '../snapshot/prepare.ts';
import type { NamedModule } from '../wasm/named-module.ts';
import type { LoadInternals, LoadOptions } from './load-options.ts';

/** The core modules of a component with limits for their memories, and what V8 makes of them. */
export interface Compilation {
  readonly bounded: readonly NamedModule[];
  readonly bounds: MemoryBounds;
  readonly compiling: Promise<Record<string, WebAssembly.Module>>;
}

export interface Compiler {
  /** Starts to compile modules that will probably be needed. */
  expect(modules: PreparedModules): void;
  /**
   * Compiles modules, unless that has begun. `inPlace`: their bytes may be overwritten.
   *
   * @throws WasmcpError see `boundModules`
   */
  compile(modules: PreparedModules, inPlace?: boolean): Compilation;
  /** Resolves when nothing is being compiled. */
  settled(): Promise<void>;
}

export function createCompiler(
  source: string,
  options: LoadOptions,
  compiles?: LoadInternals['compiles'],
): Compiler {
  let ahead: { readonly of: PreparedModules['modules']; readonly compilation: Compilation } | undefined;

  function compile(prepared: PreparedModules, inPlace?: boolean): Compilation {
    const { modules: bounded, bounds } = bound(prepared, options, source, inPlace);
    compiles?.();
    return { bounded, bounds, compiling: compileAll(bounded, source) };
  }

  return {
    expect(prepared) {
      try {
        ahead = { of: prepared.modules, compilation: compile(prepared) };
        ahead.compilation.compiling.catch(() => {});
      } catch (error) {
        // `compile` throws it again if these modules are needed.
        if (!(error instanceof WasmcpError)) throw error;
      }
    },
    compile: (prepared, inPlace) =>
      ahead?.of === prepared.modules ? ahead.compilation : compile(prepared, inPlace),
    async settled() {
      await Promise.allSettled([ahead?.compilation.compiling]);
    },
  };
}

function bound(
  { modules, unrestorable, uncounted, meters }: PreparedModules,
  { maxMemory: limit = DEFAULTS.maxMemory, maxEachMemory: each = limit }: LoadOptions,
  source: string,
  inPlace = false,
): ReturnType<typeof boundModules> {
  const prepared = unrestorable === undefined;
  try {
    return boundModules(modules, { limit, each, prepared, uncounted, meters, inPlace });
  } catch (error) {
    if (!(error instanceof WasmcpError)) throw error;
    throw new WasmcpError(error.code, `${source} does not fit: ${error.message}`, { cause: error });
  }
}

async function compileAll(
  modules: readonly NamedModule[],
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
