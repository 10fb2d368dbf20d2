import { analyse } from './analyse.ts';
import { exposeState } from './expose.ts';
import { trackWrites } from './track.ts';

export type NamedModule = readonly [name: string, bytes: Uint8Array];

/** One core module by itself: what comes of it depends on the others of its component. */
export interface OpenedModule {
  /** Why its state cannot be put back, for people; empty when it can. */
  readonly problems: readonly string[];
  /** With its state within reach, telling what it writes; undefined when it cannot tell, and with problems. */
  readonly tracked: Uint8Array | undefined;
  /** With its state within reach. Not to be called with problems. */
  exposed(): Uint8Array;
}

/** The core modules of one component, ready for restoring its instances, or with the reason why they cannot be. */
export interface OpenedModules {
  /** As they came when `unrestorable` is there. */
  readonly modules: readonly NamedModule[];
  /** For people; undefined when instances can be restored. */
  readonly unrestorable: string | undefined;
}

export function openModule(bytes: Uint8Array): OpenedModule {
  const analysis = analyse(bytes);
  const { problems } = analysis;
  const tracked = problems.length === 0 ? trackWrites(bytes) : undefined;
  return {
    problems,
    tracked: tracked && exposeState(tracked, analysis),
    exposed: () => exposeState(bytes, analysis),
  };
}

/**
 * Puts the state of all core modules of a component within reach of `findState`. One module whose state cannot be put
 * back is enough for none to be rewritten: the component is one whole. `open` answers as `openModule` does.
 */
export function openState(
  modules: readonly NamedModule[],
  open: (module: Uint8Array) => OpenedModule = openModule,
): OpenedModules {
  const opened = modules.map(([name, bytes]) => ({ name, ...open(bytes) }));
  for (const { name, problems } of opened) {
    if (problems.length > 0) return { modules, unrestorable: `core module ${name}: ${problems.join(', ')}` };
  }
  // One that cannot be tracked may write to the memories of all others.
  const areTracked = opened.every(({ tracked }) => tracked !== undefined);
  return {
    modules: opened.map(({ name, tracked, exposed }) => [name, areTracked ? tracked! : exposed()]),
    unrestorable: undefined,
  };
}
