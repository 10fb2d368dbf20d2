import { type Component, loadComponent } from '../index.ts';
import type { OptionValues } from '../options/table.ts';
import type { CliStreams } from './command.ts';

/** Loads the component that a command is about, and says what people should know of how it will run. */
export async function load(
  path: string,
  options: Pick<OptionValues, 'cacheDir' | 'maxMemory' | 'verbose'>,
  { stderr }: CliStreams,
): Promise<Component> {
  const component = await loadComponent(path, {
    ...(options.cacheDir !== undefined && { cacheDir: options.cacheDir }),
    ...(options.maxMemory !== undefined && { maxMemory: options.maxMemory }),
  });
  const { glue, cacheProblem, fromCache } = component;
  if (cacheProblem !== undefined) stderr.write(`warning: not kept for the next start: ${cacheProblem}\n`);
  if (glue.kind === 'raw') {
    stderr.write(`warning: runs by jco's own glue, several times slower, because ${glue.reason}\n`);
  }
  if (options.verbose) {
    const origin = fromCache ? 'from the cache' : 'transpiled now';
    stderr.write(`${component.source}: ${component.digest}, ${glue.kind} glue, ${origin}\n`);
  }
  return component;
}
