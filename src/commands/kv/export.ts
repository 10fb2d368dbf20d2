import { keysWith } from '../../../host/index.ts';
import type { SubCommand } from '../command.ts';
import { outputTo } from '../output.ts';
import { entryRecord } from './entry.ts';
import { BUCKET, isShown, KV_OPTIONS, refuseInternal, withStore } from './store.ts';

/** Prints entries as JSON. */
export const exportEntries: SubCommand = {
  name: 'export',
  summary: 'print entries, one line of JSON each',
  options: [...KV_OPTIONS, 'prefix'],
  arguments: [{ ...BUCKET, description: 'the bucket to print; default: all buckets', optional: true }],
  examples: `
Examples:
  wasmcp-node kv export > store.jsonl
  wasmcp-node kv export default --prefix user: | jq -r .key

Values that are UTF-8 are "text", others "base64". While servers write, each entry is as it was when it was read: for one
moment of the whole store, use store backup.`,

  async run(options, { stdout }, bucket?: string) {
    if (bucket !== undefined) refuseInternal(bucket, options);
    const output = outputTo(stdout, options);
    await withStore(options, async (store) => {
      const names = bucket === undefined ? await store.buckets() : [bucket];
      for (const name of names.filter((found) => isShown(found, options))) {
        for await (const key of keysWith(store, name, options.prefix ?? '')) {
          if (output.closed) return;
          const value = await store.get(name, key);
          if (value !== undefined) await output.json(entryRecord({ bucket: name, key, value }));
        }
      }
    });
    return 0;
  },
};
