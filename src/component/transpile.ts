import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { WasmcpError } from '../../host/index.ts';
import { type Skeleton, toSkeleton } from './binary/skeleton.ts';
import type { ImportedInterface } from './component.ts';
import { analyse, type ModuleAnalysis } from './modules/analyse.ts';
import { type NamedModule, openState } from './modules/open-state.ts';
import type { FromTranspiler, Generated, TranspilerTask } from './transpiler.ts';
import { workerEnvironment } from './worker-environment.ts';

/** A component as JavaScript and core modules. */
export interface Transpiled {
  /** Text of the glue, a script that evaluates to a `GlueModule`. */
  readonly glue: string;
  /** See `Glue` in component.ts. */
  readonly kind: 'lean' | 'raw';
  readonly reason: string;
  /** Why instances cannot be put back to where they started; undefined when the modules' state is exposed for that. */
  readonly unrestorable?: string | undefined;
  readonly modules: readonly NamedModule[];
}

const ENTRY = new URL(import.meta.url.replace(/transpile(\.[jt]s)$/, 'transpiler$1'));

/**
 * Transpiles a component with jco, in a thread that ends with it: the calling thread can serve meanwhile. jco gets it without
 * its code, which would take as long to read as all the rest; the modules are put back afterwards.
 *
 * @throws WasmcpError `component-invalid` when jco refuses it
 * @throws TypeError when jco's output is not what the patches were written for
 */
export async function transpile(
  bytes: Uint8Array,
  source: string,
  imports: readonly ImportedInterface[],
): Promise<Transpiled> {
  const skeleton = toSkeleton(bytes);
  const [generated, analyses] = await Promise.all([
    generate({ bytes: skeleton.bytes, source, imports }),
    analyseAll(skeleton.modules.map(({ whole }) => whole)),
  ]);
  const modules = fill(generated.modules, skeleton);
  // Unless jco changed them: then it has to see all of the component.
  const { kind, glue, reason, ...rest } =
    modules === undefined ? await generate({ bytes, source, imports }) : { ...generated, modules };
  if (kind === 'raw') return { kind, glue, reason, unrestorable: 'its glue is raw', modules: rest.modules };
  return {
    kind,
    glue,
    reason,
    ...openState(rest.modules, (module) => analyses.get(module) ?? analyse(module)),
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
async function analyseAll(modules: readonly Uint8Array[]): Promise<Map<Uint8Array, ModuleAnalysis>> {
  const analyses = new Map<Uint8Array, ModuleAnalysis>();
  for (const module of modules) {
    analyses.set(module, analyse(module));
    await setImmediate();
  }
  return analyses;
}

/** Runs one task in a thread of its own. */
async function generate(task: TranspilerTask): Promise<Generated> {
  const worker = new Worker(ENTRY, { workerData: task, execArgv: [], env: workerEnvironment() });
  const ended = once(worker, 'exit').then(() => {
    throw new Error('the transpiling thread ended without an answer');
  });
  try {
    const [answer] = (await Promise.race([once(worker, 'message'), ended])) as [FromTranspiler];
    if ('generated' in answer) return answer.generated;
    if (answer.invalid) throw new WasmcpError('component-invalid', answer.message);
    throw new TypeError(answer.message);
  } finally {
    ended.catch(() => {});
    await worker.terminate();
  }
}
