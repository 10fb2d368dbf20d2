import type { LoadedComponent } from '../component/component.ts';
import { type GrowthParent, openAccount } from '../growth/account.ts';
import { createMeter, type Meter, type Questions } from '../metering/meter.ts';
import { DIRTY_MAP, DIRTY_MAP_EXPORT, DIRTY_MAP_MODULE } from '../wasm/dirty-map.ts';

type Tracked = WebAssembly.Memory & { [DIRTY_MAP]?: WebAssembly.Memory };

type InstantiateCore = typeof instantiateTracked;

/**
 * Creates the core instances of one instance of a component; the limit in `memory` applies to all of them together. In a
 * component that is not restorable, exports under our names belong to the guest. Without a meter, the guest is never interrupted.
 */
export function coreInstantiator(
  {
    unrestorable,
    modules,
    memory,
    meters,
  }: Pick<LoadedComponent, 'unrestorable' | 'modules' | 'memory' | 'meters'>,
  parent?: GrowthParent,
  meter: Meter = uninterrupted(),
): InstantiateCore {
  const account = openAccount(memory, parent);
  const names = new Map(Object.entries(modules).map(([name, module]) => [module, name]));
  const instantiate: InstantiateCore =
    unrestorable === undefined
      ? instantiateTracked
      : (module, imports) => new WebAssembly.Instance(module, imports);
  return (module, imports) => {
    const name = names.get(module);
    if (name !== undefined) account.take(memory.sizes[name]!);
    const instance = instantiate(module, imports);
    const metered = name === undefined ? undefined : meters[name];
    // Both may run the start function, which may ask both.
    if (metered !== undefined) meter.attach(instance, metered);
    if (memory.divided === undefined) account.connect(instance);
    if (metered?.start !== undefined) (instance.exports[metered.start] as () => void)();
    return instance;
  };
}

function uninterrupted(): Meter {
  return createMeter(UNLIMITED, LARGEST);
}

const LARGEST = 1_000_000_000;

const UNLIMITED: Questions = { tick: () => LARGEST, wait: async () => LARGEST, cannotWait: () => LARGEST };

/** Creates a core instance of a module from `prepareModules`, or of one without exports under our names. */
export function instantiateTracked(
  module: WebAssembly.Module,
  imports: WebAssembly.Imports = {},
): WebAssembly.Instance {
  const instance = new WebAssembly.Instance(module, withDirtyMaps(module, imports));
  for (const [name, value] of Object.entries(instance.exports)) {
    if (!DIRTY_MAP_EXPORT.test(name)) continue;
    const memory = instance.exports[name.replace('$d', '$m')] as Tracked;
    memory[DIRTY_MAP] = value as WebAssembly.Memory;
  }
  return instance;
}

/** The imports, plus the dirty maps of imported memories, in the order of the memories. */
function withDirtyMaps(module: WebAssembly.Module, imports: WebAssembly.Imports): WebAssembly.Imports {
  const described = WebAssembly.Module.imports(module);
  if (described.at(-1)?.module !== DIRTY_MAP_MODULE) return imports;
  const maps: Record<string, WebAssembly.Memory> = {};
  for (const { module: from, name, kind } of described) {
    if (kind !== 'memory' || from === DIRTY_MAP_MODULE) continue;
    const map = (imports[from]![name] as Tracked)[DIRTY_MAP];
    if (map === undefined) throw new TypeError(`memory ${name} of ${from} is written but not tracked`);
    maps[Object.keys(maps).length] = map;
  }
  return { ...imports, [DIRTY_MAP_MODULE]: maps };
}
