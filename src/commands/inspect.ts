import { describeProblem } from '../component/link-check.ts';
import { linkWithHost } from '../component/link-with-host.ts';
import { formatReport } from '../component/report.ts';
import { loadComponent } from '../loader/load-component.ts';
import type { Command } from './command.ts';

/** Prints what a component imports and exports, and what satisfies each import. Does not run it. */
export const inspect: Command = {
  name: 'inspect',
  summary: 'print what a component imports and exports, and what satisfies it',
  options: ['cacheDir'],
  examples: `
Examples:
  wasmcp-node inspect server.wasm
  wasmcp-node inspect - < server.wasm

Exit status 1 when nothing satisfies an import.`,

  async run(path, { cacheDir }, { stdout }) {
    const component = await loadComponent(path, cacheDir === undefined ? {} : { cacheDir });
    const report = linkWithHost(component);
    stdout.write(formatReport(component, report));
    return report.imports.every(({ verdict }) => describeProblem(verdict) === undefined) ? 0 : 1;
  },
};
