import type { LoadedComponent } from '../component/component.ts';
import { type GrowthParent, openAccount } from '../growth/account.ts';
import { DIRTY_MAP, DIRTY_MAP_EXPORT, DIRTY_MAP_MODULE } from '../wasm/dirty-map.ts';

type Tracked = WebAssembly.Memory & { [DIRTY_MAP]?: WebAssembly.Memory };

type InstantiateCore = typeof instantiateTracked;

/**
 * What makes the core instances of one instance of a component, whose memories and tables may take so much together. In a
 * component that is not restorable, names of ours for its state are its own.
 */
export function coreInstantiator(
  { unrestorable, modules, memory }: Pick<LoadedComponent, 'unrestorable' | 'modules' | 'memory'>,
  parent?: GrowthParent,
): InstantiateCore {
  const account = openAccount(memory, parent);
  const sizes = new Map(Object.entries(modules).map(([name, module]) => [module, memory.sizes[name]]));
  const instantiate: InstantiateCore =
    unrestorable === undefined
      ? instantiateTracked
      : (module, imports) => new WebAssembly.Instance(module, imports);
  return (module, imports) => {
    const size = sizes.get(module);
    if (size !== undefined) account.take(size);
    const instance = instantiate(module, imports);
    if (memory.divided === undefined) account.connect(instance);
    return instance;
  };
}

/** Makes a core instance of a module that went through `prepareModules`, or of another one without names of ours. */
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

/** The imports with the dirty maps of their memories, in the order of the memories. */
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
