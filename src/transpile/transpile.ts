import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { WasmcpError } from '../../host/index.ts';
import type { ImportedInterface } from '../component/component.ts';
import { countAll, type OpenedModule, openModule, openState } from '../snapshot/prepare.ts';
import type { NamedModule } from '../wasm/named-module.ts';
import { workerEnvironment } from '../worker-environment.ts';
import { type Skeleton, toSkeleton } from './stub-modules.ts';
import type { FromTranspiler, Generated, TranspilerTask } from './worker.ts';

/** A component as JavaScript and core modules. */
export interface Transpiled {
  /** Text of the glue, a script that evaluates to a `GlueModule`. */
  readonly glue: string;
  /** See `Glue` in component.ts. */
  readonly kind: 'lean' | 'raw';
  readonly reason: string;
  /** Why instances cannot be put back to where they started; undefined when the modules' state is exposed for that. */
  readonly unrestorable?: string | undefined;
  /** Why a module grows its memories and tables without asking; undefined when none does. */
  readonly uncounted?: string | undefined;
  readonly modules: readonly NamedModule[];
}

/** jco, in a thread of its own: the calling thread can serve meanwhile. */
export interface Transpiler {
  /**
   * Transpiles a component that `readComponent` has read. jco gets it without its code, which would take as long to read as
   * all the rest; the modules are put back afterwards.
   *
   * @throws WasmcpError `component-invalid` when jco refuses it
   * @throws TypeError when jco's output is not what the patches were written for
   */
  transpile(bytes: Uint8Array, source: string, imports: readonly ImportedInterface[]): Promise<Transpiled>;
  /** Ends the thread. */
  close(): void;
}

const ENTRY = new URL(import.meta.url.replace(/transpile(\.[jt]s)$/, 'worker$1'));

/** The thread has much to load: what the caller does before `transpile` costs nothing. */
export function startTranspiler(): Transpiler {
  const worker = new Worker(ENTRY, { execArgv: [], env: workerEnvironment() });
  const ended = once(worker, 'exit').then(() => {
    throw new Error('the transpiling thread ended without an answer');
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
      const skeleton = toSkeleton(bytes);
      const [generated, opened] = await Promise.all([
        generate({ bytes: skeleton.bytes, source, imports }),
        openAll(skeleton.modules.map(({ whole }) => whole)),
      ]);
      const filled = fill(generated.modules, skeleton);
      // Unless jco changed them: then it has to see all of the component.
      const { kind, glue, reason, modules } =
        filled === undefined ? await generate({ bytes, source, imports }) : { ...generated, modules: filled };
      const open = (module: Uint8Array): OpenedModule => opened.get(module) ?? openModule(module);
      if (kind === 'lean') return { kind, glue, reason, ...openState(modules, open) };
      return { kind, glue, reason, ...countAll(modules, open), unrestorable: 'its glue is raw' };
    },
    close: () => void worker.terminate(),
  };
}

/** What jco made with whole modules in place of the hollow ones; undefined when one of them did not come back as it was. */
function fill(modules: readonly NamedModule[], skeleton: Skeleton): NamedModule[] | undefined {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
  const wholes = new Map(skeleton.modules.map(({ hollow, whole }) => [text(hollow), whole]));
  const missing = new Set(wholes.values());
  const filled = modules.map(([name, bytes]): NamedModule => {
    const whole = wholes.get(text(bytes));
    if (whole === undefined) return [name, bytes];
    missing.delete(whole);
    return [name, whole];
  });
  return missing.size === 0 ? filled : undefined;
}

/** In pieces: this thread may be serving. */
async function openAll(modules: readonly Uint8Array[]): Promise<ReadonlyMap<Uint8Array, OpenedModule>> {
  const opened = new Map<Uint8Array, OpenedModule>();
  for (const module of modules) {
    await setImmediate();
    opened.set(module, openModule(module));
  }
  return opened;
}
