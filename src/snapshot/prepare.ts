import { countGrowth } from '../growth/count-growth.ts';
import type { MeteredModule } from '../metering/meter-module.ts';
import { createMetering, tryOutline } from '../metering/metering.ts';
import type { MeterNames } from '../metering/names.ts';
import type { NamedModule } from '../wasm/named-module.ts';
import { exceedsV8 } from '../wasm/v8-limits.ts';
import { analyse, type ModuleAnalysis } from './analyse.ts';
import { trackDirtyBlocks } from './dirty-tracking.ts';
import { exposeState } from './exposed-state.ts';

/** One core module by itself: which of its forms is used depends on the other modules of its component. */
export interface PreparedModule {
  /** Why its state cannot be restored, human-readable; empty if it can. */
  readonly problems: readonly string[];
  /** Rewritten to ask before it grows anything, unless `uncounted` says why it does not. */
  readonly counted: Uint8Array;
  readonly uncounted: string | undefined;
  /** The same, with exposed state and write barriers; undefined if they cannot be added, or if there are problems. */
  readonly tracked: Uint8Array | undefined;
  /** The same, with exposed state. Must not be called if there are problems. */
  exposed(): Uint8Array;
  /** Meters one of those three forms, see `meterModule`. */
  meter(bytes: Uint8Array): MeteredModule;
}

/** The core modules of one component, ready for restoring its instances, or with the reason why that is impossible. */
export interface PreparedModules {
  /** Without exposed state if `unrestorable` is set. */
  readonly modules: readonly NamedModule[];
  /** Human-readable; undefined if instances can be restored. */
  readonly unrestorable: string | undefined;
  /** Why the growth of one of them is not counted; undefined if all are. */
  readonly uncounted: string | undefined;
  /** The exports that metering has added, by module name; absent for modules that are not metered. */
  readonly meters: Readonly<Record<string, MeterNames>>;
  /** Why some of their code is not counted; undefined if all of it is. */
  readonly unmetered: string | undefined;
}

export function prepareModule(bytes: Uint8Array): PreparedModule {
  const outline = tryOutline(bytes);
  const read = typeof outline === 'string' ? undefined : outline;
  const analysis = analyse(bytes, read?.opcodes);
  const metering = createMetering(outline);
  const { bytes: counted, uncounted } = countGrowth(bytes, read?.growing);
  const problems = [...analysis.problems];
  let exposed = counted;
  let tracked: Uint8Array | undefined;
  if (problems.length === 0) {
    exposed = exposeState(counted, analysis);
    const tooMuch = exceedsV8(exposed);
    if (tooMuch !== undefined) problems.push(`it has as many ${tooMuch} as V8 accepts`);
    else tracked = expose(trackDirtyBlocks(counted), analysis);
  }
  // The form that will be needed, unless another module of the component prevents that.
  metering(tracked ?? exposed);
  return { problems, counted, uncounted, tracked, exposed: () => exposed, meter: metering };
}

function expose(tracked: Uint8Array | undefined, analysis: ModuleAnalysis): Uint8Array | undefined {
  const exposed = tracked && exposeState(tracked, analysis);
  return exposed !== undefined && exceedsV8(exposed) === undefined ? exposed : undefined;
}

type Prepared = PreparedModule & { readonly name: string };

function prepareEach(
  modules: readonly NamedModule[],
  open: (module: Uint8Array) => PreparedModule,
): Prepared[] {
  return modules.map(([name, bytes]) => ({ name, ...open(bytes) }));
}

/** The modules of a component that is not restored: only their growth is counted. */
export function countAll(
  modules: readonly NamedModule[],
  open: (module: Uint8Array) => PreparedModule = prepareModule,
): Omit<PreparedModules, 'unrestorable'> {
  return finish(prepareEach(modules, open), ({ counted }) => counted);
}

/** The variant of each module that `choose` selects, metered. */
function finish(
  prepared: readonly Prepared[],
  choose: (module: Prepared) => Uint8Array,
): Omit<PreparedModules, 'unrestorable'> {
  const metered = prepared.map((module) => [module.name, module.meter(choose(module))] as const);
  const blind = prepared.find(({ uncounted }) => uncounted !== undefined);
  const unmetered = metered.find(([, module]) => module.unmetered !== undefined);
  return {
    modules: metered.map(([name, { bytes }]) => [name, bytes]),
    uncounted: blind && `core module ${blind.name}: ${blind.uncounted}`,
    meters: Object.fromEntries(metered.flatMap(([name, { names }]) => (names ? [[name, names]] : []))),
    unmetered: unmetered && `core module ${unmetered[0]}: ${unmetered[1].unmetered}`,
  };
}

/**
 * Exposes the state of all core modules of a component to `findState`. If the state of one module cannot be restored, none is
 * rewritten: a component is restored as a whole or not at all. `open` returns the same as `prepareModule`.
 */
export function prepareModules(
  modules: readonly NamedModule[],
  open: (module: Uint8Array) => PreparedModule = prepareModule,
): PreparedModules {
  const prepared = prepareEach(modules, open);
  const stuck = prepared.find(({ problems }) => problems.length > 0);
  if (stuck !== undefined) {
    const asking = finish(prepared, ({ counted }) => counted);
    return { ...asking, unrestorable: `core module ${stuck.name}: ${stuck.problems.join(', ')}` };
  }
  // A module that cannot be tracked may write to the memories of all others.
  const areTracked = prepared.every(({ tracked }) => tracked !== undefined);
  const restorable = finish(prepared, ({ tracked, exposed }) => (areTracked ? tracked! : exposed()));
  return { ...restorable, unrestorable: undefined };
}
