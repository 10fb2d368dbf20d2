import type { LoadedComponent } from '../component/component.ts';
import { type GrowthParent, openAccount } from '../growth/account.ts';
import { CARDS_MODULE } from './analyse.ts';

/**
 * The key of a memory's cards, see `trackWrites`, on the memory itself. In the registry of symbols, because the glue, which
 * marks what it writes, imports nothing.
 */
const CARDS: unique symbol = Symbol.for('wasmcp-node.cards');

type Tracked = WebAssembly.Memory & { [CARDS]?: WebAssembly.Memory };

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

/** Makes a core instance of a module that went through `openState`, or of another one without names of ours. */
export function instantiateTracked(
  module: WebAssembly.Module,
  imports: WebAssembly.Imports = {},
): WebAssembly.Instance {
  const instance = new WebAssembly.Instance(module, withCards(module, imports));
  for (const [name, value] of Object.entries(instance.exports)) {
    if (!/^\$c\d+$/.test(name)) continue;
    const memory = instance.exports[name.replace('$c', '$m')] as Tracked;
    memory[CARDS] = value as WebAssembly.Memory;
  }
  return instance;
}

/** With the cards of the memories among the imports, in their order. */
function withCards(module: WebAssembly.Module, imports: WebAssembly.Imports): WebAssembly.Imports {
  const described = WebAssembly.Module.imports(module);
  if (described.at(-1)?.module !== CARDS_MODULE) return imports;
  const cards: Record<string, WebAssembly.Memory> = {};
  for (const { module: from, name, kind } of described) {
    if (kind !== 'memory' || from === CARDS_MODULE) continue;
    const found = (imports[from]![name] as Tracked)[CARDS];
    if (found === undefined) throw new TypeError(`memory ${name} of ${from} is written and not tracked`);
    cards[Object.keys(cards).length] = found;
  }
  return { ...imports, [CARDS_MODULE]: cards };
}
