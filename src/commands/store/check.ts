import { maintain } from '../../../host/index.ts';
import type { SubCommand } from '../command.ts';
import { STORE_OPTIONS, storeAccess } from '../server-options.ts';
import { withProgress } from './progress.ts';

/** Reads a whole store and reports damage. */
export const check: SubCommand = {
  name: 'check',
  summary: 'read the whole store and report damage',
  options: STORE_OPTIONS,
  examples: `
Examples:
  wasmcp-node store check
  wasmcp-node store check --store sqlite:/var/lib/mcp/store.db

Servers may keep running. Exit status 1 if the store is damaged: restore a backup. On PostgreSQL and Redis it checks, for at most
60 s, that keys, ids and versions fit together; the engine's own tools check its files.`,

  async run(options, { stdout, stderr }) {
    const { check } = maintain(options.store, storeAccess(options));
    const problems = await withProgress(stderr, check);
    stdout.write(problems.length === 0 ? 'ok\n' : `${problems.join('\n')}\n`);
    return problems.length === 0 ? 0 : 1;
  },
};
