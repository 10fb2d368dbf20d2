import type { ModuleAnalysis } from './analyse.ts';
import { exposeState } from './expose.ts';
import { trackWrites } from './track.ts';

export type NamedModule = readonly [name: string, bytes: Uint8Array];

/** The core modules of one component, ready for restoring its instances, or with the reason why they cannot be. */
export interface OpenedModules {
  /** As they came when `unrestorable` is there. */
  readonly modules: readonly NamedModule[];
  /** For people; undefined when instances can be restored. */
  readonly unrestorable: string | undefined;
}

/**
 * Puts the state of all core modules of a component within reach of `findState`. One module whose state cannot be put
 * back is enough for none to be rewritten: the component is one whole.
 */
export function openState(
  modules: readonly NamedModule[],
  analyse: (module: Uint8Array) => ModuleAnalysis,
): OpenedModules {
  const analyses = modules.map(([, bytes]) => analyse(bytes));
  for (const [i, { problems }] of analyses.entries()) {
    if (problems.length > 0)
      return { modules, unrestorable: `core module ${modules[i]![0]}: ${problems.join(', ')}` };
  }
  // One that cannot be tracked may write to the memories of all others.
  const tracked = modules.map(([, bytes]) => trackWrites(bytes));
  const isTracked = !tracked.includes(undefined);
  const opened = modules.map(
    ([name, bytes], i): NamedModule => [name, exposeState((isTracked && tracked[i]) || bytes, analyses[i]!)],
  );
  return { modules: opened, unrestorable: undefined };
}
