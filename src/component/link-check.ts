import { type Binding, type Implementation, WasmcpError } from '../../host/index.ts';
import type { Component, ImportedInterface } from './component.ts';
import type { GlueImports } from './glue.ts';
import { GLUE_BUDGET, type GlueBudget } from './glue-budget.ts';
import { withoutVersion } from './suspending.ts';

/** The host against which a component is linked. */
export interface LinkHost {
  readonly bind: Binding;
  /** Whether an implementation has the function of this WIT name, such as `[resource-drop]pollable`. */
  readonly offersFunction: (implementation: Implementation, witFunction: string) => boolean;
}

/** The part of a component that linking depends on. */
export type Linkable = Pick<Component, 'source' | 'imports' | 'exports'>;

/** The result for one import. */
export type Verdict =
  | { readonly kind: 'offered' }
  /** No functions and no resources: nothing has to be provided. */
  | { readonly kind: 'types-only' }
  | { readonly kind: 'unknown-interface' }
  /** `offered` are the available versions. */
  | { readonly kind: 'unknown-version'; readonly offered: readonly string[] }
  /** `missing` are functions by WIT name, and resources as `resource pollable`. */
  | { readonly kind: 'incomplete'; readonly missing: readonly string[] }
  /** A `get-many` that is neither of the two that exist. */
  | { readonly kind: 'unknown-get-many' };

/** A component's imports, compared with what a host offers. */
export interface LinkReport {
  readonly source: string;
  readonly exports: readonly string[];
  readonly imports: readonly { readonly imported: ImportedInterface; readonly verdict: Verdict }[];
}

/** Exports by which a component is started. */
export type EntryPoint = 'wasi:http/incoming-handler' | 'wasi:cli/run';

/** Published versions: if the host lacks the imported version, the message lists those of these that it has. */
const KNOWN_VERSIONS: readonly (readonly [version: string, shown: string])[] = [
  ['0.2.0', '0.2.x'],
  ['0.2.0-draft', '0.2.0-draft'],
  ['0.2.0-draft2', '0.2.0-draft2'],
  ['0.2.0-rc.1', '0.2.0-rc.1'],
  ['0.2.0-draft-2024-09-27', '0.2.0-draft-2024-09-27'],
  ['0.1.0-draft', '0.1.0-draft'],
];

/** Compares every import of a component with what the host offers. */
export function link(component: Linkable, host: LinkHost): LinkReport {
  return {
    source: component.source,
    exports: component.exports,
    imports: component.imports.map((imported) => ({ imported, verdict: judge(imported, host) })),
  };
}

/**
 * Returns if everything that the component needs is available.
 *
 * @param entry the export by which it will be started, in any version 0.2.x
 * @throws WasmcpError `component-unlinkable` with the whole list
 */
export function assertLinked(report: LinkReport, entry?: EntryPoint): void {
  const problems = report.imports.flatMap(({ imported, verdict }) => {
    const problem = describeProblem(verdict);
    return problem === undefined ? [] : [`imports ${imported.name}: ${problem}`];
  });
  if (entry !== undefined && !report.exports.some((name) => isEntryPoint(name, entry))) {
    problems.push(describeMissingEntry(entry, report.exports));
  }
  if (problems.length === 0) return;
  throw new WasmcpError(
    'component-unlinkable',
    [`${report.source} cannot run here:`, ...problems.map((problem) => `  - it ${problem}`)].join('\n'),
  );
}

/** Host functions for the glue: an implementation of each import that needs one. */
export function bindImports(
  component: Pick<Component, 'imports'>,
  bind: Binding,
  budget?: GlueBudget,
): GlueImports {
  const imports: Record<string, object> & { [GLUE_BUDGET]?: GlueBudget } = {};
  if (budget !== undefined) imports[GLUE_BUDGET] = budget;
  for (const imported of component.imports) {
    const implementation = needsNothing(imported) ? undefined : bindOne(imported, bind);
    if (implementation !== undefined) imports[imported.name] = implementation;
  }
  return imports;
}

/** Why the component cannot run with this import, and what to do about it; undefined if it can. */
export function describeProblem(verdict: Verdict): string | undefined {
  switch (verdict.kind) {
    case 'offered':
    case 'types-only':
      return undefined;
    case 'unknown-interface':
      return 'nothing here offers it; compose the component with one that exports it';
    case 'unknown-version':
      return `this version is not offered, only ${verdict.offered.join(', ')}; build or compose it for that`;
    case 'incomplete':
      return `not offered: ${verdict.missing.join(', ')}; a newer wasmcp-node may have it`;
    case 'unknown-get-many':
      return 'its get-many has a result of unknown shape; build it from a published wasi:keyvalue';
  }
}

/** True for this export in any version 0.2.x. */
function isEntryPoint(name: string, entry: EntryPoint): boolean {
  return withoutVersion(name) === entry && /@0\.2\.\d+$/.test(name);
}

function describeMissingEntry(entry: EntryPoint, exports: readonly string[]): string {
  const what = entry === 'wasi:cli/run' ? 'is no command' : 'has no incoming handler';
  const instead = exports.length === 0 ? 'nothing' : exports.join(', ');
  return `${what}: it exports ${instead}, not ${entry}@0.2.x; ${adviceFor(entry, exports)}`;
}

/** Usually the file is right and the command is wrong. */
function adviceFor(entry: EntryPoint, exports: readonly string[]): string {
  const other: EntryPoint = entry === 'wasi:cli/run' ? 'wasi:http/incoming-handler' : 'wasi:cli/run';
  if (exports.some((name) => isEntryPoint(name, other))) {
    return other === 'wasi:cli/run'
      ? 'it is a command: start it with "wasmcp-node run"'
      : 'it is a server: start it with "wasmcp-node serve"';
  }
  return entry === 'wasi:cli/run' ? 'build it as a command' : 'compose an MCP server with its HTTP transport';
}

function judge(imported: ImportedInterface, host: LinkHost): Verdict {
  if (needsNothing(imported)) return { kind: 'types-only' };
  const implementation = bindOne(imported, host.bind);
  if (implementation === undefined) {
    const offered = offeredVersions(imported, host.bind);
    return offered.length > 0 ? { kind: 'unknown-version', offered } : { kind: 'unknown-interface' };
  }
  const offers = (func: string): boolean => host.offersFunction(implementation, func);
  const missing = [
    ...imported.functions.filter((func) => !offers(func)),
    ...imported.resources
      .filter((name) => !offers(`[resource-drop]${name}`))
      .map((name) => `resource ${name}`),
  ];
  if (missing.length > 0) return { kind: 'incomplete', missing };
  const hasGetMany =
    withoutVersion(imported.name) === 'wasi:keyvalue/batch' && imported.functions.includes('get-many');
  if (hasGetMany && imported.getMany === undefined) return { kind: 'unknown-get-many' };
  return { kind: 'offered' };
}

function offeredVersions(imported: ImportedInterface, bind: Binding): string[] {
  const name = withoutVersion(imported.name);
  return KNOWN_VERSIONS.filter(
    ([version]) => bindOne({ ...imported, name: `${name}@${version}` }, bind) !== undefined,
  ).map(([, shown]) => shown);
}

function bindOne({ name, getMany }: ImportedInterface, bind: Binding): Implementation | undefined {
  return bind(name, getMany === undefined ? {} : { getMany });
}

function needsNothing({ functions, resources }: ImportedInterface): boolean {
  return functions.length === 0 && resources.length === 0;
}
