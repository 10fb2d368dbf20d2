import { transpileBytes } from '@bytecodealliance/jco-transpile';
import type { Component, ImportedInterface } from '../../../src/component/component.ts';
import { type GlueImports, type GlueModule, runGlue, toScript } from '../../../src/component/glue.ts';
import { readComponent } from '../../../src/component/outline.ts';
import {
  SUSPENDING_EXPORTS,
  suspendingFunctions,
  withoutVersion,
} from '../../../src/component/suspending.ts';
import { jcoOptions } from '../../../src/transpile/jco-options.ts';
import { buildGlue } from '../../../src/transpile/lean/build.ts';
import { glueName, patchGlue } from '../../../src/transpile/raw-glue.ts';

/** What jco made of a component. */
export interface Transpiled {
  readonly glue: string;
  readonly modules: Readonly<Record<string, WebAssembly.Module>>;
  readonly imports: Component['imports'];
  readonly exports: Component['exports'];
}

/** A component with one kind of glue. */
export interface Loaded extends Pick<Component, 'imports' | 'exports'> {
  instantiate(imports: GlueImports): ReturnType<GlueModule['instantiate']>;
}

/** In the mode that lean glue is made of. */
export function transpileSync(bytes: Uint8Array): Promise<Transpiled> {
  return run(bytes, {});
}

/** In the mode of raw glue, patched as it is for use. */
export async function transpileRaw(bytes: Uint8Array): Promise<Transpiled> {
  const waiting = readComponent(bytes, 'a test').imports.flatMap((imported) =>
    suspendingFunctions(imported).map((func) => [imported.name, func] as const),
  );
  const transpiled = await run(bytes, {
    asyncMode: 'jspi',
    asyncImports: [...new Set(waiting.map(([name, func]) => `${withoutVersion(name)}#${func}`))],
    asyncExports: [...SUSPENDING_EXPORTS],
  });
  const expected = new Set(waiting.map(([name, func]) => glueName(name, func)));
  return { ...transpiled, glue: patchGlue(transpiled.glue, expected, 'jco') };
}

async function run(
  bytes: Uint8Array,
  options: Partial<Parameters<typeof transpileBytes>[1]>,
): Promise<Transpiled> {
  const { imports, exports } = readComponent(bytes, 'a test');
  const { files } = await transpileBytes(bytes, {
    ...jcoOptions(imports),
    ...options,
  });
  const wasm = Object.entries(files).filter(([name]) => name.endsWith('.wasm'));
  const compiled = wasm.map(async ([name, module]) => [
    name,
    await WebAssembly.compile(module as BufferSource),
  ]);
  return {
    glue: new TextDecoder().decode(files['component.js']),
    modules: Object.fromEntries(await Promise.all(compiled)) as Transpiled['modules'],
    imports,
    exports,
  };
}

/** The functions that may wait, as `interface#function` without versions. */
export function waitingFunctions(imports: readonly ImportedInterface[]): string[] {
  return imports.flatMap((imported) =>
    suspendingFunctions(imported).map((name) => `${withoutVersion(imported.name)}#${name}`),
  );
}

/** Lean glue; `suspending` adds to the functions and exports of WASI that may wait. */
export function leanGlue(
  { glue, imports }: Pick<Transpiled, 'glue' | 'imports'>,
  suspending: readonly string[] = [],
): string {
  const built = buildGlue(glue, {
    suspending: [...waitingFunctions(imports), ...suspending],
    exports: [...SUSPENDING_EXPORTS, ...suspending],
  });
  if (built.kind === 'raw') throw new Error(built.reason);
  return built.source;
}

export async function load({ modules, imports, exports }: Transpiled, glue: string): Promise<Loaded> {
  const module = runGlue({ script: toScript(glue), name: 'test-glue.js' });
  return {
    imports,
    exports,
    instantiate: (bound) => module.instantiate((name) => modules[name]!, bound),
  };
}
