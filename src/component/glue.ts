import { Script } from 'node:vm';
import type { Glue } from './component.ts';
import type { GLUE_BUDGET, GlueBudget } from './glue-budget.ts';
import { GLUE_RUNTIME, type GlueRuntime } from './glue-runtime/runtime.ts';

/** Host functions by full interface name, then by jco's name of the function or class (`blockingRead`, `Pollable`). */
export type GlueImports = Readonly<Record<string, object>> & { readonly [GLUE_BUDGET]?: GlueBudget };

/** The exports of glue. Interfaces have their full names: `['wasi:cli/run@0.2.6'].run()`. */
export interface GlueModule {
  /**
   * Creates an instance of the component. Synchronous: start functions run before it returns and cannot suspend.
   * `instantiateCore` can be replaced to see each core instance as it is made.
   */
  instantiate(
    getCoreModule: (name: string) => WebAssembly.Module,
    imports: GlueImports,
    instantiateCore?: (module: WebAssembly.Module, imports: WebAssembly.Imports) => WebAssembly.Instance,
  ): Readonly<Record<string, Readonly<Record<string, (...values: unknown[]) => unknown>>>>;
}

/**
 * Runs glue on this thread. The code that runs is the verified text itself, not a file that could change meanwhile. With `code`,
 * V8 does not parse the text again; another V8 ignores it.
 */
export function runGlue({ script, name, code }: Pick<Glue, 'script' | 'name'> & Partial<Glue>): GlueModule {
  const compiled = new Script(script, { filename: name, ...(code && { cachedData: code }) });
  const link = compiled.runInThisContext() as (runtime: GlueRuntime) => GlueModule;
  return link(GLUE_RUNTIME);
}

/** What V8 makes of a script: some kilobytes that take the place of parsing hundreds of them, in each worker. */
export function compileScript(script: string): Uint8Array {
  return new Script(script).createCachedData();
}

/** Each export of jco's output, at the start of a line. */
const EXPORT = /^export (?=function instantiate\(|const _util = )/gm;

/**
 * Converts glue, an ES module without imports, into a script: that compiles in half the time and needs no URL. It evaluates
 * to a function that takes the runtime, which the glue calls `$runtime`, and returns a `GlueModule`.
 *
 * @throws TypeError for an unknown export or an import
 */
export function toScript(glue: string): string {
  const body = glue.replace(EXPORT, '');
  if (body.length === glue.length || /^\s*(export|import)\b/m.test(body)) {
    throw new TypeError('the generated code is no module with the one export "instantiate"');
  }
  return `(($runtime) => { 'use strict';\n${body}\nreturn { instantiate };\n})`;
}
