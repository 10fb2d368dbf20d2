import { maintain } from '../../../host/index.ts';
import type { SubCommand } from '../command.ts';
import { oneLine } from '../print.ts';
import { withProgress } from './progress.ts';

/** Describes the content and the size of a store. */
export const info: SubCommand = {
  name: 'info',
  summary: 'describe the content and the size of the store',
  options: ['store'],
  examples: `
Examples:
  wasmcp-node store info

Servers may keep running. The free part of the size was left by deleted entries, and new ones reuse it.`,

  async run({ store }, { stdout, stderr }) {
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
