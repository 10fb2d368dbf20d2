import { keysWith } from '../../../host/index.ts';
import type { SubCommand } from '../command.ts';
import { outputTo } from '../output.ts';
import { oneLine } from '../print.ts';
import { BUCKET, KV_OPTIONS, refuseInternal, withStore } from './store.ts';

/** Lists keys of a bucket. */
export const keys: SubCommand = {
  name: 'keys',
  summary: 'list the keys of a bucket, ordered by their bytes',
  options: [...KV_OPTIONS, 'prefix', 'limit', 'json'],
  adjusted: { json: { description: 'print each key as a JSON string' } },
  arguments: [BUCKET],
  examples: `
Examples:
  wasmcp-node kv keys default
  wasmcp-node kv keys default --prefix user: --limit 20

One key a line. Control characters are shown as \\x..; with --json every key is exact.`,

  async run(options, { stdout }, bucket) {
    refuseInternal(bucket, options);
    const { prefix = '', limit = Number.POSITIVE_INFINITY, json } = options;
    const output = outputTo(stdout, options);
    await withStore(options, async (store) => {
      let shown = 0;
      for await (const key of keysWith(store, bucket, prefix)) {
        if (output.closed || shown === limit) return;
        await (json ? output.json(key) : output.line(oneLine(key)));
        shown += 1;
      }
    });
    return 0;
  },
};
