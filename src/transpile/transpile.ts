import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { WasmcpError } from '../../host/index.ts';
import type { ImportedInterface } from '../component/component.ts';
import type { MeterNames } from '../metering/names.ts';
import { countAll, type PreparedModule, prepareModule, prepareModules } from '../snapshot/prepare.ts';
import type { NamedModule } from '../wasm/named-module.ts';
import { workerArguments, workerEnvironment } from '../worker-environment.ts';
import { type StubbedComponent, stubModules } from './stub-modules.ts';
import type { FromTranspiler, Generated, TranspilerTask } from './worker.ts';

/** A component as JavaScript and core modules. */
export interface Transpiled {
  /** Text of the glue, see `toScript`. */
  readonly glue: string;
  /** See `Glue` in component.ts. */
  readonly kind: 'lean' | 'raw';
  readonly reason: string;
  /** Why instances cannot be restored; undefined if the modules' state is exposed for that. */
  readonly unrestorable?: string | undefined;
  /** Why the growth of a module's memories and tables is not counted; undefined if it is for all modules. */
  readonly uncounted?: string | undefined;
  /** The exports that metering has added, by module name; absent for modules that are not metered. */
  readonly meters: Readonly<Record<string, MeterNames>>;
  /** Why some of their code is not counted; undefined if all of it is. */
  readonly unmetered?: string | undefined;
  readonly modules: readonly NamedModule[];
}

/** jco in a separate thread, so that the calling thread can serve meanwhile. */
export interface Transpiler {
  /**
   * Transpiles a component that `readComponent` has accepted. jco gets it without its code, which would take as long to read as
   * everything else; the original modules are reinserted afterwards.
   *
   * @throws WasmcpError `component-invalid` if jco refuses it
   * @throws TypeError if jco's output does not have the form that the patches expect
   */
  transpile(bytes: Uint8Array, source: string, imports: readonly ImportedInterface[]): Promise<Transpiled>;
  /** Ends the thread. */
  close(): void;
}

const ENTRY = new URL(import.meta.url.replace(/transpile(\.[jt]s)$/, 'worker$1'));

/** The thread takes a while to load: whatever the caller does before `transpile` costs no additional time. */
export function startTranspiler(): Transpiler {
  const worker = new Worker(ENTRY, { execArgv: workerArguments(), env: workerEnvironment() });
  const ended = once(worker, 'exit').then(() => {
    throw new Error('the transpiling thread ended without a result');
  });
  ended.catch(() => {});

  async function generate(task: TranspilerTask): Promise<Generated> {
    worker.postMessage(task);
    const [answer] = (await Promise.race([once(worker, 'message'), ended])) as [FromTranspiler];
    if ('generated' in answer) return answer.generated;
    if (answer.invalid) throw new WasmcpError('component-invalid', answer.message);
    throw new TypeError(answer.message);
  }

  return {
    async transpile(bytes, source, imports) {
      const stubbed = stubModules(bytes);
      const [generated, prepared] = await Promise.all([
        generate({ bytes: stubbed.bytes, source, imports }),
        prepareAll(stubbed.modules.map(({ original }) => original)),
      ]);
      const complete = reinsertOriginals(generated.modules, stubbed);
      // If jco changed the modules, it must get the whole component.
      const { kind, glue, reason, modules } =
        complete === undefined
          ? await generate({ bytes, source, imports })
          : { ...generated, modules: complete };
      const open = (module: Uint8Array): PreparedModule => prepared.get(module) ?? prepareModule(module);
      if (kind === 'lean') return { kind, glue, reason, ...prepareModules(modules, open) };
      return { kind, glue, reason, ...countAll(modules, open), unrestorable: 'its glue is raw' };
    },
    close: () => void worker.terminate(),
  };
}

/** jco's modules with the originals in place of the stubs; undefined if jco changed one of the stubs. */
function reinsertOriginals(
  modules: readonly NamedModule[],
  stubbed: StubbedComponent,
): NamedModule[] | undefined {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
  const originals = new Map(stubbed.modules.map(({ stub, original }) => [text(stub), original]));
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
async function prepareAll(modules: readonly Uint8Array[]): Promise<ReadonlyMap<Uint8Array, PreparedModule>> {
  const prepared = new Map<Uint8Array, PreparedModule>();
  for (const module of modules) {
    await setImmediate();
    prepared.set(module, prepareModule(module));
  }
  return prepared;
}
