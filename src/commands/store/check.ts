import { maintain } from '../../../host/index.ts';
import type { SubCommand } from '../command.ts';
import { withProgress } from './progress.ts';

/** Reads a whole store and reports damage. */
export const check: SubCommand = {
  name: 'check',
  summary: 'read the whole store and report damage',
  options: ['store'],
  examples: `
Examples:
  wasmcp-node store check
  wasmcp-node store check --store sqlite:/var/lib/mcp/store.db

Servers may keep running. Exit status 1 if the store is damaged: restore a backup.`,

  async run({ store }, { stdout, stderr }) {
    const problems = await withProgress(stderr, maintain(store).check);
    stdout.write(problems.length === 0 ? 'ok\n' : `${problems.join('\n')}\n`);
    return problems.length === 0 ? 0 : 1;
  },
};
