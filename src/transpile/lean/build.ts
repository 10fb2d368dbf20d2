import { Script } from 'node:vm';
import { toScript } from '../../component/glue.ts';
import { followCanonicalAbi } from '../canonical-abi.ts';
import { createEditor } from './edit.ts';
import { expectShape, GlueMismatch } from './expect-shape.ts';
import { extractHostFunctions, reinsertHostFunctions } from './host-functions/extract.ts';
import { leanCode } from './host-functions/lean.ts';
import { readHostFunction } from './host-functions/read.ts';
import { suspendModeOf } from './host-functions/suspend-mode.ts';
import { hideNames } from './names.ts';
import { readOutline } from './outline.ts';
import { replaceAdapterFunctions } from './rewrites/adapter-functions.ts';
import { moveContextSlots } from './rewrites/context-slots.ts';
import { linkCoreImports } from './rewrites/core-imports.ts';
import { removeDebugLog } from './rewrites/debug-log.ts';
import { simplifyGuestCalls } from './rewrites/guest-calls.ts';
import { checkHandleTables } from './rewrites/handle-tables.ts';
import { bindHostFunctions } from './rewrites/host-bindings.ts';
import { keepMemoryViews } from './rewrites/memory-views.ts';
import { simplifyRootExports } from './rewrites/root-exports.ts';
import { linkRuntime } from './rewrites/runtime.ts';
import { exposeState } from './rewrites/state.ts';
import { makeDecodersStrict } from './rewrites/text-decoders.ts';
import type { Rewriting, RewrittenHostFunction } from './rewriting.ts';
import { findRootExports } from './root-exports.ts';
import { removeUnused } from './unused.ts';

export interface GlueOptions {
  /** Host functions that may return a promise, without versions: `wasi:io/poll#[method]pollable.block`. */
  readonly suspending: readonly string[];
  /** Exports during which a guest may be suspended, without versions: `wasi:cli/run#run`. They return promises. */
  readonly exports: readonly string[];
}

/** Lean glue, or the reason why it could not be built. */
export type BuiltGlue =
  | { readonly kind: 'lean'; readonly source: string }
  | {
      readonly kind: 'raw';
      readonly reason: string;
      /** The unexpected text, if it is known. */
      readonly near?: string | undefined;
    };

/** Names that the rewrites introduce. */
const TAKEN =
  /\$(answer|bound|budget|callStack|code|context|copyUtf|counters|handles|memory|memoryReader|runtime|state|suspension|waiting|[A-Z]\w*)\d*\b/;

/** In this order: an inner part is rewritten before the code around it. */
const REWRITES: readonly ((rewriting: Rewriting) => void)[] = [
  removeDebugLog,
  moveContextSlots,
  linkRuntime,
  keepMemoryViews,
  makeDecodersStrict,
  checkHandleTables,
  simplifyGuestCalls,
  replaceAdapterFunctions,
  linkCoreImports,
  simplifyRootExports,
  bindHostFunctions,
  exposeState,
];

/**
 * Builds lean glue from the output of jco-transpile's synchronous mode, with `instantiation: 'sync'`, `multiMemory`, and each
 * import mapped to its own full name.
 *
 * Removes what a synchronous component of WASI 0.2 does not need, and makes guests suspendable (JSPI). Each rewrite checks
 * the code that it finds: glue of an unknown form is never changed. The result is then `raw`, and jco's own glue must be
 * used.
 */
export function buildGlue(source: string, options: GlueOptions): BuiltGlue {
  try {
    return { kind: 'lean', source: rewrite(source, options) };
  } catch (error) {
    // Any failure of a rewrite is acceptable, because jco's own glue works.
    const message = error instanceof Error ? error.message : String(error);
    const [kind, near] = error instanceof GlueMismatch ? ['', error.near] : ['unexpected failure: '];
    return { kind: 'raw', reason: `the generated code is not as expected: ${kind}${message}`, near };
  }
}

function rewrite(glue: string, { suspending, exports }: GlueOptions): string {
  const { code: source, reveal } = hideNames(glue);
  expectShape(!source.includes('.manuallyAsync = true'), 'it is not synchronous');
  expectShape(!TAKEN.test(source), 'names are taken');
  const extracted = extractHostFunctions(followCanonicalAbi(source));
  const outline = readOutline(extracted.rest);
  const edit = createEditor(extracted.rest);
  const mayWait = new Set(suspending);
  const maySuspend = new Set(exports);
  const hostFunctions = [...extracted.hostFunctions.values()].map((hostFunction): RewrittenHostFunction => {
    const read = readHostFunction(hostFunction, outline);
    const mode = mayWait.has(withoutVersion(read.wit)) ? suspendModeOf(read) : 'none';
    return { ...read, mode, lean: leanCode(read, mode) };
  });
  const rewriting: Rewriting = {
    outline,
    edit,
    prelude: [],
    hostFunctions,
    rootExports: findRootExports(outline, edit),
    maySuspend: ({ wit }) => maySuspend.has(withoutVersion(wit)),
  };
  for (const apply of REWRITES) apply(rewriting);
  const prelude = rewriting.prelude.join('');
  const codes = hostFunctions.map(({ lean }) => lean);
  const rest = removeUnused(edit.result(), {
    used: codes.flatMap(({ names }) => [...names]),
    declared: [
      '$runtime',
      ...[...prelude.matchAll(/^(?:const|function) ([\w$]+)/gm)].map(([, name = '']) => name),
      ...codes.flatMap(({ declared }) => [...declared]),
      ...hostFunctions.map(({ number }) => `$code${number}`),
    ],
  });
  const result = reveal(
    prelude +
      reinsertHostFunctions(rest, new Map(hostFunctions.map(({ number, lean }) => [number, lean.code]))),
  );
  checkSyntax(result);
  return result;
}

/** Compiles it with the compiler that will run it. */
function checkSyntax(glue: string): void {
  try {
    new Script(toScript(glue));
  } catch (error) {
    expectShape(false, `what comes out is not valid: ${String(error)}`);
  }
}

/** `wasi:io/poll#poll` of `wasi:io/poll@0.2.6#poll`. */
function withoutVersion(wit: string): string {
  return wit.replace(/@[^#]*/, '');
}
