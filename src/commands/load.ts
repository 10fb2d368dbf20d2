import { preloadStore } from '../../host/index.ts';
import type { LoadedComponent } from '../component/component.ts';
import { loadComponent } from '../loader/load-component.ts';
import type { LoadInternals } from '../loader/load-options.ts';
import type { OptionValues } from '../options/types.ts';
import { optimizeAgain } from '../process/tier-up.ts';
import { endPrestartedTranspiler } from '../transpile/prestarted-transpiler.ts';
import type { CliStreams } from './command.ts';

/** Options that control how a component is loaded. */
export type LoadingOptions = Pick<OptionValues, 'cacheDir' | 'maxMemory' | 'maxEachMemory' | 'allowWasmGc'> &
  Partial<Pick<OptionValues, 'store'>>;

/** Loads the component of a command. */
export async function load(
  path: string,
  { cacheDir, store, maxMemory, maxEachMemory, allowWasmGc = false }: LoadingOptions,
  internals: LoadInternals = {},
): Promise<LoadedComponent> {
  try {
    return await loadComponent(
      path,
      {
        ...(cacheDir !== undefined && { cacheDir }),
        maxMemory,
        ...(maxEachMemory !== undefined && { maxEachMemory }),
        allowWasmGc,
      },
      {
        ...internals,
        // V8 reads its flags when it compiles a module.
        compiles: optimizeAgain,
        waiting: () =>
          void setImmediate(() => {
            internals.waiting?.();
            void preloadStore(store, true);
          }),
      },
    );
  } finally {
    endPrestartedTranspiler();
  }
}

/** Reports how a component was loaded, once it is known to run. */
export function reportLoad(component: LoadedComponent, verbose: boolean, { stderr }: CliStreams): void {
  const { glue, cacheProblem, fromCache } = component;
  if (cacheProblem !== undefined) stderr.write(`warning: not cached for the next start: ${cacheProblem}\n`);
  if (verbose) {
    const origin = fromCache ? 'from the cache' : 'transpiled';
    stderr.write(`${component.source}: ${component.digest}, ${glue.kind} glue, ${origin}\n`);
  }
}
