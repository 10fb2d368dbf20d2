import { parentPort } from 'node:worker_threads';
import { transpileBytes } from '@bytecodealliance/jco-transpile';
import type { ImportedInterface } from '../component/component.ts';
import { compileScript, toScript } from '../component/glue.ts';
import { SUSPENDING_EXPORTS, suspendingFunctions, withoutVersion } from '../component/suspending.ts';
import type { NamedModule } from '../wasm/named-module.ts';
import { jcoName } from './jco-name.ts';
import { jcoOptions } from './jco-options.ts';
import { buildGlue } from './lean/build.ts';
import { glueName, patchGlue } from './raw-glue.ts';

/** A task of the transpiling thread. */
export interface TranspilerTask {
  readonly bytes: Uint8Array;
  readonly source: string;
  readonly imports: readonly ImportedInterface[];
}

/** Answers have the number of their task. */
type NumberedTask = TranspilerTask & { readonly id: number };

export interface Generated {
  readonly glue: string;
  /** See `compileScript`. */
  readonly code: Uint8Array;
  readonly kind: 'lean' | 'raw';
  readonly reason: string;
  /** Undefined for lean glue, whose modules were sent before. */
  readonly modules?: readonly NamedModule[];
}

/** The modules of lean glue, while it is built, then the result. */
export type FromTranspiler = { readonly id: number } & Answer;

type Answer =
  | { readonly modules: readonly NamedModule[] }
  | { readonly generated: Generated }
  /** `invalid`: the component is the cause. */
  | { readonly message: string; readonly invalid: boolean };

/** Not a `WasmcpError`, for which all of `host/` would be loaded; messages do not preserve classes anyway. */
class RefusedComponent extends Error {}

/** Transpiles once for lean glue, and again for raw glue if that does not succeed. */
async function generate(task: NumberedTask): Promise<Generated> {
  const { imports } = task;
  const suspending = imports.flatMap((imported) =>
    suspendingFunctions(imported).map((func) => [imported.name, func] as const),
  );
  const names = [...new Set(suspending.map(([name, func]) => `${withoutVersion(name)}#${func}`))];

  const synchronous = await run(task, {});
  post({ id: task.id, modules: synchronous.modules });
  const built = buildGlue(synchronous.glue, { suspending: names, exports: SUSPENDING_EXPORTS });
  if (built.kind === 'lean') {
    return {
      ...compiled(built.source),
      kind: 'lean',
      reason: "jco's output without what synchronous components do not need",
    };
  }

  const { glue, modules } = await run(task, {
    asyncMode: 'jspi',
    asyncImports: names,
    asyncExports: [...SUSPENDING_EXPORTS],
  });
  const expected = new Set(suspending.map(([name, func]) => glueName(name, func)));
  return {
    ...compiled(patchGlue(glue, expected, jcoName())),
    kind: 'raw',
    reason: built.reason,
    modules,
  };
}

function compiled(source: string): Pick<Generated, 'glue' | 'code'> {
  const glue = toScript(source);
  return { glue, code: compileScript(glue) };
}

async function run(
  { bytes, source, imports }: TranspilerTask,
  mode: object,
): Promise<{ glue: string; modules: NamedModule[] }> {
  const { files } = await transpileBytes(bytes, {
    ...jcoOptions(imports),
    ...mode,
  }).catch((error: unknown) => {
    throw new RefusedComponent(`${source} cannot be transpiled: ${reasonOfTrap(error) ?? reasonOf(error)}`);
  });
  return {
    glue: new TextDecoder().decode(files['component.js']),
    modules: Object.entries(files).filter(([name]) => name.endsWith('.wasm')),
  };
}

let printed = '';
// When jco panics, it prints the reason, and the error is only a trap. This thread prints nothing else.
process.stderr.write = (text: string | Uint8Array) => {
  printed += typeof text === 'string' ? text : Buffer.from(text).toString();
  return true;
};

/** The reason that jco printed for a panic; undefined for other errors. */
function reasonOfTrap(error: unknown): string | undefined {
  if (!(error instanceof WebAssembly.RuntimeError)) return undefined;
  const cause = /panicked at [^\n]*\n([^\n]+)/.exec(printed)?.[1] ?? error.message;
  const advice = /utf-?16|latin/i.test(cause)
    ? ', as it uses strings of an encoding that is not supported; build all of it for UTF-8'
    : '';
  return `jco failed on it (${cause})${advice}`;
}

/** jco's errors are Rust errors, printed with all their causes: the first line says what failed, the last one why. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const [first = '', ...rest] = message
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const cause = rest.at(-1)?.replace(/^\d+: /, '');
  return cause === undefined ? first : `${first}: ${cause}`;
}

async function answer(task: NumberedTask): Promise<Answer> {
  try {
    return { generated: await generate(task) };
  } catch (error) {
    const invalid = error instanceof RefusedComponent;
    return { message: error instanceof Error ? error.message : String(error), invalid };
  }
}

function post(message: FromTranspiler): void {
  parentPort!.postMessage(message);
}

parentPort!.on('message', async (task: NumberedTask) => post({ id: task.id, ...(await answer(task)) }));
