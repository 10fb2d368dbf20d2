import { maintain } from '../../../host/index.ts';
import type { SubCommand } from '../command.ts';
import { oneLine } from '../print.ts';
import { withProgress } from './progress.ts';

/** Says what is in a store and what it takes. */
export const info: SubCommand = {
  name: 'info',
  summary: 'say what is in the store and what it takes',
  options: ['store'],
  examples: `
Examples:
  wasmcp-node store info

Servers may go on. What is free of the size is what deleted entries have left to new ones.`,

  async run(_, { store }, { stdout, stderr }) {
    const { path, schema, newestSchema, sqlite, fileSize, logSize, freeSize, buckets } = await withProgress(
      stderr,
      maintain(store).info,
    );
    const upgrade = schema < newestSchema ? ` (${newestSchema} with the next start, or store migrate)` : '';
    const lines = [
      `file     ${path}`,
      `schema   ${schema}${upgrade}`,
      `sqlite   ${sqlite}`,
      `size     ${fileSize} bytes, of which ${freeSize} bytes free`,
      `log      ${logSize} bytes`,
      ...buckets.map(
        ({ name, keys, valueSize }) =>
          `bucket   ${oneLine(name)}: ${keys} keys, ${valueSize} bytes of values`,
      ),
    ];
    stdout.write(`${lines.join('\n')}\n`);
    return 0;
  },
};
