import { maintain } from '../../../host/index.ts';
import type { SubCommand } from '../command.ts';
import { withProgress } from './progress.ts';

/** Reads a whole store and says what is wrong with it. */
export const check: SubCommand = {
  name: 'check',
  summary: 'read the whole store and say what is wrong with it',
  options: ['store'],
  examples: `
Examples:
  wasmcp-node store check
  wasmcp-node store check --store sqlite:/var/lib/mcp/store.db

Servers may go on. Exit status 1 when something is wrong: restore a backup then.`,

  async run(_, { store }, { stdout, stderr }) {
    const problems = await withProgress(stderr, maintain(store).check);
    stdout.write(problems.length === 0 ? 'ok\n' : `${problems.join('\n')}\n`);
    return problems.length === 0 ? 0 : 1;
  },
};
