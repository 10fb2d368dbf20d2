import type { ImportedInterface, LoadedComponent } from './component.ts';
import { describeProblem, type LinkReport, type Verdict } from './link-check.ts';

/** The output of `inspect` for a component, as lines of text. */
export function formatReport(component: LoadedComponent, report: LinkReport): string {
  const { glue, memory, unmetered } = component;
  const facts: (readonly [string, string])[] = [
    ['size', formatSize(component.size)],
    ['sha256', component.digest],
    [
      'contains',
      `${count(component.innerComponents, 'component')}, ${count(component.coreModules, 'core module')}`,
    ],
    ['glue', glue.reason === undefined ? glue.kind : `${glue.kind}: ${glue.reason}`],
    ...(memory.divided === undefined
      ? []
      : [['memory', `--max-memory is divided in equal parts: ${memory.divided}`] as const]),
    ...(unmetered === undefined
      ? []
      : [['interrupts', `some of its code cannot be interrupted: ${unmetered}`] as const]),
  ];
  const imports = report.imports.map(
    ({ imported, verdict }) => [imported.name, formatVerdict(imported, verdict)] as const,
  );
  return [
    component.source,
    ...columns(facts),
    '',
    'exports',
    ...columns(component.exports.map((name) => [name, ''])),
    '',
    'imports',
    ...columns(imports),
    '',
  ].join('\n');
}

function formatVerdict(imported: ImportedInterface, verdict: Verdict): string {
  const problem = describeProblem(verdict);
  if (problem !== undefined) return `MISSING: ${problem}`;
  if (verdict.kind === 'types-only') return 'types only, needs nothing';
  const { functions, resources, getMany } = imported;
  const used =
    functions.length > 0 ? count(functions.length, 'function') : count(resources.length, 'resource');
  return `host (${used}${getMany === undefined ? '' : `, get-many by ${getMany}`})`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function formatSize(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB (${bytes} bytes)`;
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  if (rows.length === 0) return ['  none'];
  const width = Math.max(...rows.map(([first]) => first.length));
  return rows.map(([first, second]) => `  ${first.padEnd(width)}  ${second}`.trimEnd());
}
