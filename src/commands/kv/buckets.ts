import type { SubCommand } from '../command.ts';
import { outputTo } from '../output.ts';
import { oneLine } from '../print.ts';
import { isShown, KV_OPTIONS, withStore } from './store.ts';

/** Lists the buckets of a store. */
export const buckets: SubCommand = {
  name: 'buckets',
  summary: 'list the buckets that contain keys',
  options: [...KV_OPTIONS, 'json'],
  adjusted: { json: { description: 'print each name as a JSON string' } },
  examples: `
Examples:
  wasmcp-node kv buckets`,

  async run(options, { stdout }) {
    const output = outputTo(stdout, options);
    const names = await withStore(options, async (store) => store.buckets());
    for (const name of names.filter((found) => isShown(found, options))) {
      await (options.json ? output.json(name) : output.line(oneLine(name)));
    }
    return 0;
  },
};
