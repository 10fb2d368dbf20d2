import { type Component, loadComponent } from '../index.ts';
import type { OptionValues } from '../options/types.ts';
import type { CliStreams } from './command.ts';

/** Options that say how a component is loaded. */
export type LoadingOptions = Pick<OptionValues, 'cacheDir' | 'maxMemory' | 'maxEachMemory' | 'allowWasmGc'>;

/** Loads the component that a command is about, as its options say. */
export function load(
  path: string,
  { cacheDir, maxMemory, maxEachMemory, allowWasmGc = false }: LoadingOptions,
): Promise<Component> {
  return loadComponent(path, {
    ...(cacheDir !== undefined && { cacheDir }),
    maxMemory,
    ...(maxEachMemory !== undefined && { maxEachMemory }),
    allowWasmGc,
  });
}

/** What people should know of how a component runs, once it is known that it does. */
export function tellHow(component: Component, verbose: boolean, { stderr }: CliStreams): void {
  const { glue, cacheProblem, fromCache } = component;
  if (cacheProblem !== undefined) stderr.write(`warning: not kept for the next start: ${cacheProblem}\n`);
  if (verbose) {
    const origin = fromCache ? 'from the cache' : 'transpiled now';
    stderr.write(`${component.source}: ${component.digest}, ${glue.kind} glue, ${origin}\n`);
  }
}
