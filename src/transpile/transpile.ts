import { setImmediate } from 'node:timers/promises';
import { type ComponentOutline, readComponent } from '../component/outline.ts';
import {
  countAll,
  type PreparedModule,
  type PreparedModules,
  prepareModule,
  prepareModules,
} from '../snapshot/prepare.ts';
import type { NamedModule } from '../wasm/named-module.ts';
import { refused, takeTranspiler } from './ahead.ts';
import type { Generation } from './jco-thread.ts';
import { type StubbedComponent, stubModules } from './stub-modules.ts';

/** A component as JavaScript and core modules. */
export interface Transpiled extends PreparedModules {
  /** Text of the glue, see `toScript`. */
  readonly glue: string;
  /** See `compileScript`. */
  readonly code: Uint8Array;
  /** See `Glue` in component.ts. */
  readonly kind: 'lean' | 'raw';
  readonly reason: string;
}

/** jco in a separate thread, so that the calling thread can serve meanwhile. */
export interface Transpiler {
  /** @throws WasmcpError see `readComponent` */
  outline(): ComponentOutline;
  /**
   * Transpiles the component, whose outline is this. jco gets it without its code, which would take as long to read as everything
   * else; the original modules are reinserted afterwards.
   *
   * `expect` is called with the modules while the glue is being built. They are those of the result, unless lean glue cannot be
   * built.
   *
   * @throws WasmcpError `component-invalid` if jco refuses it
   * @throws TypeError if jco's output does not have the form that the patches expect
   */
  transpile(outline: ComponentOutline, expect: (expected: PreparedModules) => void): Promise<Transpiled>;
  /** Ends the thread. */
  close(): void;
}

/** jco in a thread for this component, which `readComponent` need not have accepted yet. */
export function startTranspiler(bytes: Uint8Array, source: string): Transpiler {
  const { thread, ahead } = takeTranspiler(bytes, source);

  return {
    outline: () => ahead?.outline ?? readComponent(bytes, source),
    async transpile({ imports }, expect) {
      const { bytes: stubbedBytes, modules } = ahead?.stubbed ?? stubModules(bytes);
      const prepared = new Map<Uint8Array, PreparedModule>();
      const preparing = prepareEach(
        modules.map(({ original }) => original),
        prepared,
      );

      /** Undefined if jco changed the stubs of modules. */
      async function complete(
        { modules: lean, glue: generated }: Generation,
        restore: (modules: readonly NamedModule[]) => readonly NamedModule[] | undefined,
      ): Promise<Transpiled | undefined> {
        const [stubs] = await Promise.all([lean, preparing]);
        const originals = restore(stubs);
        const expected = originals && (await prepareNamed(originals, prepared));
        if (expected !== undefined) expect(expected);
        const { glue, code, kind, reason, modules: raw } = await generated;
        if (raw === undefined) return expected && { glue, code, kind, reason, ...expected };
        const counted = restore(raw);
        if (counted === undefined) return undefined;
        return {
          glue,
          code,
          kind,
          reason,
          ...countAll(counted, opened(prepared)),
          unrestorable: 'its glue is raw',
        };
      }

      const task = { source, imports };
      const stubbed = ahead?.generation ?? thread.generate({ ...task, bytes: stubbedBytes }, refused);
      const made = await complete(stubbed, (stubs) => reinsertOriginals(stubs, modules));
      // If jco changed the modules, it must get the whole component.
      return made ?? (await complete(thread.generate({ ...task, bytes }, refused), (whole) => whole))!;
    },
    close: thread.close,
  };
}

/** jco's modules with the originals in place of the stubs; undefined if jco changed one of the stubs. */
function reinsertOriginals(
  modules: readonly NamedModule[],
  stubs: StubbedComponent['modules'],
): NamedModule[] | undefined {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
  const originals = new Map(stubs.map(({ stub, original }) => [text(stub), original]));
  const missing = new Set(originals.values());
  const complete = modules.map(([name, bytes]): NamedModule => {
    const original = originals.get(text(bytes));
    if (original === undefined) return [name, bytes];
    missing.delete(original);
    return [name, original];
  });
  return missing.size === 0 ? complete : undefined;
}

/** One at a time, because this thread may be serving. */
async function prepareEach(
  modules: readonly Uint8Array[],
  prepared: Map<Uint8Array, PreparedModule>,
): Promise<void> {
  for (const module of modules) {
    if (prepared.has(module)) continue;
    await setImmediate();
    prepared.set(module, prepareModule(module));
  }
}

async function prepareNamed(
  modules: readonly NamedModule[],
  prepared: Map<Uint8Array, PreparedModule>,
): Promise<PreparedModules> {
  await prepareEach(
    modules.map(([, bytes]) => bytes),
    prepared,
  );
  return prepareModules(modules, opened(prepared));
}

function opened(prepared: ReadonlyMap<Uint8Array, PreparedModule>): (module: Uint8Array) => PreparedModule {
  return (module) => prepared.get(module) ?? prepareModule(module);
}
