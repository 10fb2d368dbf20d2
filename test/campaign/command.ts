import { parseArgs } from 'node:util';
import type { Durability } from '../../host/index.ts';

/** Runs a campaign from the command line: prints its report as JSON, and exits with 1 if it failed. */
export async function campaign<K extends string>(
  defaults: Readonly<Record<K, string>>,
  run: (
    values: Record<K, string>,
    progress: (line: string) => void,
  ) => Promise<{ report: unknown; passed: boolean }>,
): Promise<void> {
  const names = Object.keys(defaults) as K[];
  const { values } = parseArgs({
    options: Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
  });
  const given = Object.fromEntries(names.map((name) => [name, String(values[name] ?? defaults[name])]));
  const { report, passed } = await run(given as Record<K, string>, (line) =>
    process.stderr.write(`${line}\n`),
  );
  process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n${passed ? 'passed' : 'FAILED'}\n`);
  process.exitCode = passed ? 0 : 1;
}

export function number(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new Error(`${text} is not a whole number`);
  return value;
}

export function durability(text: string): Durability {
  if (text === 'power' || text === 'process' || text === 'strict') return text;
  throw new Error(`${text} is not power, process or strict`);
}
